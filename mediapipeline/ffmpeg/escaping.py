"""Escaping of text inside a filter graph.

FFmpeg takes a graph apart twice: first at ``[ ] , ;`` into filters and links, then each filter's arguments at ``:``
into options. Either pass drops unprotected white space at the ends, and eats one layer of backslashes and quotes. What
is written here comes out of both as it went in, whether the graph is an element of argv or lies in a file. It is no
quoting for a shell, and no protection against what a filter itself does with its option (``%{…}`` of ``drawtext``).
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["check_text", "escape_option_value"]

# White space as both of FFmpeg's passes see it; form feed, vertical tab and the spaces of Unicode are none.
_SPACE = " \n\t\r"
_OPTION_LEVEL = re.compile(r"[\\':]")
_GRAPH_LEVEL = re.compile(rf"[\\'\[\],;{_SPACE}]")


@lru_cache(maxsize=1024)  # a job says the same few words over and over: each is checked and written for every filter
def escape_option_value(text: str) -> str:
    r"""*text* as the value of a filter's option, to be written into a graph after ``key=``.

    >>> print(escape_option_value("a:b, it's"))
    a\\:b\,\ it\\\'s

    Raises:
        ValueError: The text holds a NUL or a lone surrogate, which no graph can carry.
    """
    check_text(text, what="a filter option")
    bare = text.strip(_SPACE)
    start = len(text) - len(text.lstrip(_SPACE)) if bare else len(text)
    head, tail = text[:start], text[start + len(bare) :]
    option = _each_escaped(head) + _OPTION_LEVEL.sub(r"\\\g<0>", bare) + _each_escaped(tail)
    return _GRAPH_LEVEL.sub(r"\\\g<0>", option)


def check_text(text: str, *, what: str) -> None:
    """Refuse text that can't be handed to a process or written as UTF-8.

    Raises:
        ValueError: It holds a NUL or a lone surrogate.
    """
    if "\0" in text:
        raise ValueError(f"{what} can't hold a NUL character: {text!r}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{what} can't hold a lone surrogate: {text!r}") from error


def _each_escaped(space: str) -> str:
    return "".join("\\" + character for character in space)
