"""Planning: a query optimiser for media. Pure but for the prober that is handed in."""
