"""Pieces of HTML. Text is escaped unless it is `Markup` already."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

from mediapipeline.errors import Problem

__all__ = ["Markup", "escaped", "page", "picture", "preformatted", "problem_list", "table"]

_MOST_ROWS = 200  # nobody reads more, and a notebook keeps all of them

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid #8886; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }
th { font-weight: 600; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { overflow-x: auto; padding: .8rem; background: #8881; font-size: 13px; }
figure { margin: 0 0 1rem; } figcaption { color: #777; font-size: .9em; } img, svg { max-width: 100%; height: auto; }
.bad { color: #b00020; } .scroll { overflow-x: auto; }
""".strip()


class Markup(str):
    """HTML that may stand as it is."""

    __slots__ = ()


def escaped(text: object) -> Markup:
    """*text* with nothing in it that HTML or SVG would read; what is `Markup` already stays as it is."""
    if isinstance(text, Markup):
        return text
    shown = "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in str(text))
    return Markup(html.escape(shown))


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Iterable[int] = (),
    foot: Sequence[object] | None = None,
) -> Markup:
    """A table; of one too long to be read, its beginning.

    Args:
        head: Titles of the columns.
        rows: Cells; None is an empty one.
        numbers: Columns that are aligned as numbers are, from 0.
        foot: The cells of a last row, for sums.
    """
    right = set(numbers)

    # Notebooks align all cells to the right unless a cell itself says otherwise.
    marks = {True: ' class="number" style="text-align:right"', False: ' style="text-align:left"'}

    def cells(kind: str, values: Sequence[object]) -> str:
        return "".join(
            f"<{kind}{marks[at in right]}>{'' if value is None else escaped(value)}</{kind}>"
            for at, value in enumerate(values)
        )

    every = list(rows)
    shown = every[:_MOST_ROWS]
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in shown)
    if len(every) > len(shown):
        body += f'<tr><td colspan="{len(head)}">… and {len(every) - len(shown):,} more</td></tr>'
    body += f"<tr>{cells('td', foot)}</tr>" if foot is not None else ""
    return Markup(f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>")


def problem_list(problems: Sequence[Problem]) -> Markup:
    """Everything that is wrong, with where it is and what to do about it."""
    return table(("where", "what is wrong", "hint"), [(p.path or "(the job)", p.message, p.hint) for p in problems])


def preformatted(text: str) -> Markup:
    """Text whose lines and spaces matter."""
    return Markup(f"<pre>{escaped(text)}</pre>")


def picture(png: bytes, caption: str) -> Markup:
    """A PNG with a line below it, inside the page itself."""
    data = base64.b64encode(png).decode("ascii")
    label = escaped(caption)
    return Markup(
        f'<figure><img src="data:image/png;base64,{data}" alt="{label}"><figcaption>{label}</figcaption></figure>'
    )


def page(title: str, sections: Iterable[tuple[str, Iterable[Markup]]]) -> str:
    """A page that needs nothing but itself.

    Args:
        title: Of the page.
        sections: Heading and content of each; one without content is left out.
    """
    body = []
    for heading, parts in sections:
        content = "\n".join(parts)
        if content:
            body.append(f"<section>\n<h2>{escaped(heading)}</h2>\n{content}\n</section>")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; style-src '
        f"'unsafe-inline'\">\n"
        f'<meta name="viewport" content="width=device-width">\n<title>{escaped(title)}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{escaped(title)}</h1>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )
