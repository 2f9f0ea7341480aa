"""The job's graph: operations bound to operators, one clip an edge."""
