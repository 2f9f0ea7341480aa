"""How planning grows with the number of operations."""
