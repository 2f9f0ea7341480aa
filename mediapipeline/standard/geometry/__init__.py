"""Operators that change the size, shape or orientation of the picture."""
