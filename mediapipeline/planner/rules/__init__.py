"""The rules of the optimiser, one a file. They see streams and traits, never an operator, and never each other."""
