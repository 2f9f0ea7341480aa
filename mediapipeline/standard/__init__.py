"""The operators that come with the library, one a file.

They use exactly what a third party's operators use, and are found through the same entry-point group. Nothing in the
library imports this package.
"""
