"""Operators that put pictures on pictures."""
