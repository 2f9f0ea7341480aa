"""`OperatorContract`, and what it is made of: a trial of one operator, and the checks, one concern a module."""

from mediapipeline.testing.contract.contract import OperatorContract

__all__ = ["OperatorContract"]
