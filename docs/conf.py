"""Settings of Sphinx; `make docs` builds the site into docs/_build, and treats warnings as errors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import mediapipeline

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

project = "mediapipeline"
author = "The mediapipeline authors"
copyright = "the mediapipeline authors"  # noqa: A001 - the name that Sphinx has for it
release = mediapipeline.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "examples"]
html_theme = "furo"
html_title = f"mediapipeline {release}"
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4  # links to headings as GitHub has them

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_use_legacy_class_based = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False
add_module_names = False
# An annotation such as ``type`` is taken for one of several attributes of that name; it is none of them.
suppress_warnings = ["ref.python"]
napoleon_use_ivar = True


def setup(app: Sphinx) -> None:
    """Called by Sphinx: the pages of the Python reference are made from `__all__` before anything is read."""
    from api_pages import write

    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference" / "api"))
