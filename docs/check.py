"""What `make docs` runs: links of the Markdown files lead somewhere, and code blocks are what they claim to be.

It looks at files of the project only: addresses on the network are not visited.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

PARSERS: dict[str, Callable[[str], object]] = {"python": ast.parse, "json": json.loads}


def pages() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listed.splitlines()]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get, in the manner of GitHub."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(text))
    return {title.strip().replace(" ", "-") for title in titles}


def faults(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    for language, code in FENCE.findall(text):
        try:
            PARSERS.get(language, str)(code)
        except (ValueError, SyntaxError) as error:
            yield f"a block of {language} is not valid: {error}"
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            yield f"the link to {target} leads nowhere"
        elif anchor and anchor not in anchors(file):
            yield f"there is no heading for {target}"


def main() -> int:
    found = [f"{page.relative_to(ROOT)}: {fault}" for page in pages() for fault in faults(page)]
    print(*found or ["every link and code block of the documentation holds"], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
