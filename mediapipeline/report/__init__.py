"""What a run was like, as a value, as JSON and as a page: the plan, what ran when, and what it took.

A `Recorder` listens to the events of a run; a `RunReport` is what it heard, with the plan and the result; `to_html`
makes a page of it that needs nothing but itself.
"""

from __future__ import annotations

from mediapipeline.report.facts import Recorder, RunReport, StepSpan
from mediapipeline.report.page import Looks, looks, to_html

__all__ = ["Looks", "Recorder", "RunReport", "StepSpan", "looks", "to_html"]
