"""Runs plans: steps in parallel where they may, outputs verified and published all at once."""

from __future__ import annotations
