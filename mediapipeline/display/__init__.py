"""Drawings and tables as text: SVG and HTML that stand by themselves, for notebooks and reports.

Everything is a function of the values it is given. What is drawn is escaped here, whoever it came from; nothing refers
to a script, a font or a picture elsewhere.
"""

from __future__ import annotations

from mediapipeline.display.flow import Flow, FlowEdge, FlowNode
from mediapipeline.display.gantt import Bar, gantt
from mediapipeline.display.html import Markup, escaped, page, picture, preformatted, problem_list, table

__all__ = [
    "Bar",
    "Flow",
    "FlowEdge",
    "FlowNode",
    "Markup",
    "escaped",
    "gantt",
    "page",
    "picture",
    "preformatted",
    "problem_list",
    "table",
]
