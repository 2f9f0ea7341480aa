"""Operators that change when things happen."""
