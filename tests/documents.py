"""Job documents, sound and unsound, for tests of what reads them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

MINIMAL: dict[str, Any] = {
    "inputs": [{"id": "in", "source": "in.mp4"}],
    "outputs": [{"id": "in", "destination": "out.mp4"}],
}
FULL: dict[str, Any] = {
    "$schema": "https://example.org/job.json",
    "version": 1,
    "inputs": [
        {
            "id": "in",
            "source": "file:///media/in.mp4",
            "format": "mp4",
            "streams": {"video": [1], "audio": [1, 0], "subtitles": False},
            "start_offset": "3/2",
            "duration": "10",
            "type": "video",
        },
        {"id": "logo", "source": "logo.png", "type": "image"},
    ],
    "operations": [
        {
            "op": "trim",
            "input": "in",
            "output": "short",
            "params": {"start": "10s", "list": [1, 2.5, None, {"a": True}]},
        },
        {"op": "overlay", "inputs": {"base": "short", "overlay": "logo"}, "output": "marked"},
        {"op": "concat", "inputs": ["marked", "short"], "outputs": {"out": "all", "log": "list"}},
    ],
    "outputs": [
        {
            "id": "result.mp4",
            "input": "all",
            "destination": "out.mp4",
            "format": "mp4",
            "codec": {"video": {"codec": "libx264", "crf": 20}, "audio": "aac"},
            "metadata": {"title": "Ein Ölfleck", "comment": ""},
        },
        {"id": "list", "destination": "list.json"},
    ],
    "limits": {"max_duration": "7200", "max_resolution": "1920x1080", "max_output_size": 5, "max_memory": 2147483648},
    "timeout": "1800",
    "job_id": "j1",
    "user_id": "u1",
    "tags": ["a", "b"],
    "priority": 5,
}


def changed(**fields: Any) -> dict[str, Any]:
    return {**MINIMAL, **fields}


# What is wrong with a document or a part of one: the codes, by JSON Pointer below it.

DOCUMENTS: list[tuple[Any, dict[str, str]]] = [
    ([], {"": "wrong-type"}),
    ("[]", {"": "wrong-type"}),
    ("3", {"": "wrong-type"}),
    ("null", {"": "wrong-type"}),
    ({}, {"/inputs": "missing-field", "/outputs": "missing-field"}),
    ({"inputs": [], "outputs": []}, {"/inputs": "empty", "/outputs": "empty"}),
    ({"inputs": {}, "outputs": "x"}, {"/inputs": "wrong-type", "/outputs": "wrong-type"}),
    (changed(operations=None), {}),
    (changed(version=2), {"/version": "unsupported-version"}),
    (changed(version=True), {"/version": "unsupported-version"}),
    (changed(version=1.0), {"/version": "unsupported-version"}),
    (changed(version="1"), {"/version": "unsupported-version"}),
    (changed(inptus=[]), {"/inptus": "unknown-field"}),
    (changed(**{"a/b~": 1}), {"/a~1b~0": "unknown-field"}),
    (changed(timeout=0), {"/timeout": "out-of-range"}),
    (changed(timeout=True), {"/timeout": "bad-duration"}),
    (changed(timeout="soon"), {"/timeout": "bad-duration"}),
    (changed(limits={"max_size": 3}), {"/limits/max_size": "unknown-field"}),
    (changed(limits={"max_memory": "2 GBytes"}), {"/limits/max_memory": "wrong-type"}),
    (changed(limits={"max_memory": 0}), {"/limits/max_memory": "out-of-range"}),
    (changed(limits={"max_resolution": "4k?"}), {"/limits/max_resolution": "bad-resolution"}),
    (changed(tags="a"), {"/tags": "wrong-type"}),
    (changed(tags=[1, "b"]), {"/tags/0": "wrong-type"}),
    (changed(tags={"a": 1}), {"/tags/a": "wrong-type"}),
    (changed(priority=1.5), {"/priority": "wrong-type"}),
    (changed(job_id=5), {"/job_id": "wrong-type"}),
]

INPUTS: list[tuple[Any, dict[str, str]]] = [
    (5, {"": "wrong-type"}),
    ({}, {"/id": "missing-field", "/source": "missing-field"}),
    ({"id": None, "source": "x"}, {"/id": "missing-field"}),
    ({"id": "", "source": "x"}, {"/id": "empty"}),
    ({"id": "a b", "source": "x"}, {"/id": "bad-id"}),
    ({"id": "ä", "source": "x"}, {"/id": "bad-id"}),
    ({"id": "a\n", "source": "x"}, {"/id": "bad-id"}),
    ({"id": "x" * 129, "source": "x"}, {"/id": "bad-id"}),
    ({"id": 1, "source": "x"}, {"/id": "wrong-type"}),
    ({"id": "a", "source": ["x"]}, {"/source": "wrong-type"}),
    ({"id": "a", "sourc": "x"}, {"/source": "missing-field", "/sourc": "unknown-field"}),
    ({"id": "a", "source": "x", "format": "mp44"}, {"/format": "unknown-format"}),
    ({"id": "a", "source": "x", "format": "concat"}, {"/format": "unknown-format"}),
    ({"id": "a", "source": "x", "type": "vidoe"}, {"/type": "not-allowed"}),
    ({"id": "a", "source": "x", "start_offset": -1}, {"/start_offset": "bad-duration"}),
    ({"id": "a", "source": "x", "duration": 0}, {"/duration": "out-of-range"}),
    ({"id": "a", "source": "x", "streams": {}}, {"/streams": "inert-setting"}),
    ({"id": "a", "source": "x", "streams": {"audio": True}}, {"/streams": "inert-setting"}),
    ({"id": "a", "source": "x", "streams": {"audio": "eng"}}, {"/streams/audio": "wrong-type"}),
    ({"id": "a", "source": "x", "streams": {"audio": [True]}}, {"/streams/audio": "wrong-type"}),
    ({"id": "a", "source": "x", "streams": {"audio": [0, 0]}}, {"/streams/audio": "duplicate"}),
    ({"id": "a", "source": "x", "streams": {"audio": -1}}, {"/streams/audio": "out-of-range"}),
    ({"id": "a", "source": "x", "streams": {"video": [0, 1]}}, {"/streams/video": "out-of-range"}),
    ({"id": "a", "source": "x", "streams": {"data": [0]}}, {"/streams/data": "unknown-field"}),
    ({"id": "a", "source": "x", "streams": {"video": False, "audio": [], "subtitles": False}},
     {"/streams": "empty"}),
]  # fmt: skip

OPERATIONS: list[tuple[Any, dict[str, str]]] = [
    ("trim", {"": "wrong-type"}),
    ({}, {"/op": "missing-field", "/input": "missing-field", "/output": "missing-field"}),
    ({"op": "x", "input": "a", "inputs": ["a"], "output": "o"}, {"/inputs": "conflicting-fields"}),
    ({"op": "x", "input": "a", "output": "o", "outputs": {"p": "o"}}, {"/outputs": "conflicting-fields"}),
    ({"op": "x", "inputs": "a", "output": "o"}, {"/inputs": "wrong-type"}),
    ({"op": "x", "inputs": [], "output": "o"}, {"/inputs": "out-of-range"}),
    ({"op": "x", "inputs": ["a", 5], "output": "o"}, {"/inputs/1": "wrong-type"}),
    ({"op": "x", "inputs": {"p q": "a"}, "output": "o"}, {"/inputs/p q": "bad-id"}),
    ({"op": "x", "inputs": {"p": None}, "output": "o"}, {"/inputs/p": "missing-field"}),
    ({"op": "x", "input": "a", "outputs": ["o"]}, {"/outputs": "wrong-type"}),
    ({"op": "x", "input": "a", "output": "in"}, {"/output": "duplicate-name"}),
    ({"op": "x", "input": "a", "output": "o", "params": []}, {"/params": "wrong-type"}),
    ({"op": "x", "input": "a", "output": "o", "parms": {}}, {"/parms": "unknown-field"}),
    ({"op": "x", "input": "a", "output": "o", "id": "o"}, {"/id": "misplaced-parameters"}),
]

OUTPUTS: list[tuple[Any, dict[str, str]]] = [
    ({}, {"/id": "missing-field", "/destination": "missing-field"}),
    ({"id": "in", "destination": "x.mp4"}, {"/id": "duplicate-id"}),
    ({"id": "o", "destination": "x.xyz"}, {"/destination": "unknown-container"}),
    ({"id": "o", "destination": "x.mp4", "format": "mp5"}, {"/format": "unknown-container"}),
    ({"id": "o", "destination": "x.xyz", "format": "mp4"}, {}),
    ({"id": "o", "destination": "folder"}, {}),  # may be what an operator writes many files into
    ({"id": "o", "destination": "x.m3u8"}, {}),
    ({"id": "o", "destination": "x.xyz", "format": 3}, {"/format": "wrong-type"}),
    ({"id": "o", "destination": "x.mp4", "codec": "libx264"}, {"/codec": "wrong-type"}),
    ({"id": "o", "destination": "x.mp4", "codec": {"video": {"crf": 99, "codec": "h264"}}},
     {"/codec/video/crf": "out-of-range"}),
    ({"id": "o", "destination": "x.mp4", "metadata": []}, {"/metadata": "wrong-type"}),
    ({"id": "o", "destination": "x.mp4", "metadata": {"a": 1, "b=c": "x", "": "", "d": "\0"}},
     {"/metadata/a": "wrong-type", "/metadata/b=c": "bad-tag", "/metadata/": "bad-tag",
      "/metadata/d": "bad-tag"}),
    ({"id": "o", "destination": "x.mp4", "overwrite": True}, {"/overwrite": "unknown-field"}),
]  # fmt: skip

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["in", "copy", "10s"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """*document* with one to four places of it changed to anything."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(places(document)))
        if not place:
            continue
        *above, last = place
        target: Any = document
        for key in above:
            target = target[key]
        change = draw(st.sampled_from(["replace", "drop", "rename", "twice"]))
        if change == "replace":
            target[last] = draw(JUNK)
        elif change == "drop":
            del target[last]
        elif change == "rename" and isinstance(target, dict):
            target[draw(st.text(max_size=6))] = target.pop(last)
        elif isinstance(target, list):
            target.append(copy.deepcopy(target[last]))
    return document
