"""Operators that give files rather than a clip."""
