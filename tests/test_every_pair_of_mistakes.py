"""Mistakes of different kinds in one document: each is reported, at its place, and nothing that follows from it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from mediapipeline.errors import GraphError, JobError, PlanningError, SourceNotAllowedError, SpecError
from mediapipeline.graph.schema import job_schema
from mediapipeline.testing import clip_info
from planning import planner, problems

CLIPS = {
    "in.mp4": clip_info(duration="60s"),
    "short.mp4": clip_info(duration="5s"),
    "song.mp3": clip_info(size=None, audio_codec="mp3"),
}


class Draft:
    """A document in the making. Every mistake has parts of its own, and adds what is to be said of it."""

    def __init__(self) -> None:
        self.inputs: list[Any] = [{"id": "in", "source": "in.mp4"}]
        self.operations: list[Any] = [{"op": "hflip", "input": "in", "output": "mirror"}]
        self.outputs: list[Any] = [{"id": "mirror", "destination": "mirror.mp4"}]
        self.fields: dict[str, Any] = {}
        self.expected: list[tuple[str, str]] = []

    def input(self, **fields: Any) -> str:
        self.inputs.append(fields)
        return f"/inputs/{len(self.inputs) - 1}"

    def operation(self, op: str, source: str, made: str, *, write: bool = True, **fields: Any) -> str:
        self.operations.append({"op": op, "input": source, "output": made, **fields})
        if write:
            self.output(id=made, destination=f"{made}.mp4")
        return f"/operations/{len(self.operations) - 1}"

    def output(self, **fields: Any) -> str:
        self.outputs.append(fields)
        return f"/outputs/{len(self.outputs) - 1}"

    def expect(self, path: str, code: str) -> None:
        self.expected.append((path, code))

    def document(self) -> dict[str, Any]:
        return {"inputs": self.inputs, "operations": self.operations, "outputs": self.outputs, **self.fields}


def wrong_type(draft: Draft) -> None:
    draft.expect(draft.output(id="typed", input="in", destination=5) + "/destination", "wrong-type")


def unknown_field(draft: Draft) -> None:
    path = draft.input(id="loud", source="in.mp4", volume=11)
    draft.operation("hflip", "loud", "louder")
    draft.expect(path + "/volume", "unknown-field")


def unknown_operator(draft: Draft) -> None:
    draft.expect(draft.operation("tirm", "in", "trimmed", params={"start": "1s"}) + "/op", "unknown-operator")


def bad_parameter(draft: Draft) -> None:
    path = draft.operation("scale", "in", "scaled", params={"width": "wide", "height": 720})
    draft.expect(path + "/params/width", "wrong-type")


def unknown_parameter(draft: Draft) -> None:
    path = draft.operation("scale", "in", "sized", params={"size": "720p", "algoritm": "area"})
    draft.expect(path + "/params/algoritm", "unknown-parameter")


def unresolved_reference(draft: Draft) -> None:
    path = draft.operation("hflip", "inn", "flipped")
    draft.operation("vflip", "flipped", "turned")
    draft.expect(path + "/input", "unresolved-reference")


def cycle(draft: Draft) -> None:
    path = draft.operation("hflip", "egg", "hen")
    draft.operation("hflip", "hen", "egg")
    draft.operation("vflip", "egg", "omelette")
    draft.expect(path, "cycle")


def codec_container(draft: Draft) -> None:
    path = draft.output(id="web", input="in", destination="web.webm", codec={"video": "h264", "audio": "opus"})
    draft.expect(path + "/codec/video", "codec-container")


def missing_source(draft: Draft) -> None:
    path = draft.input(id="gone", source="gone.mp4")
    draft.operation("trim", "gone", "cut-gone", params={"start": "1000s"})
    draft.expect(path + "/source", "missing-input")


def refused_source(draft: Draft) -> None:
    path = draft.input(id="far", source="gopher://example.org/a.mp4")
    draft.operation("hflip", "far", "farther")
    draft.expect(path + "/source", "scheme-not-allowed")


def beyond_the_end(draft: Draft) -> None:
    draft.input(id="short", source="short.mp4")
    path = draft.operation("trim", "short", "late", params={"start": "6s"})
    draft.operation("scale", "late", "late-and-small", params={"size": "360p"})
    draft.expect(path + "/params/start", "start-beyond-end")


def wrong_media(draft: Draft) -> None:
    draft.input(id="song", source="song.mp3")
    draft.expect(draft.operation("hflip", "song", "gnos"), "wrong-media")


def duplicate_destination(draft: Draft) -> None:
    draft.output(id="first", input="in", destination="same.mp4")
    draft.expect(
        draft.output(id="second", input="mirror", destination="./same.mp4") + "/destination", "duplicate-destination"
    )


def duplicate_id(draft: Draft) -> None:
    draft.expect(draft.output(id="mirror", input="in", destination="other.mp4") + "/id", "duplicate-id")


def duplicate_name(draft: Draft) -> None:
    path = draft.operation("vflip", "in", "mirror", write=False)
    draft.expect(path + "/output", "duplicate-name")


def overwritten_input(draft: Draft) -> None:
    draft.expect(draft.output(id="over", input="mirror", destination="in.mp4") + "/destination", "overwrites-input")


def unknown_container(draft: Draft) -> None:
    draft.expect(draft.output(id="odd", input="in", destination="odd.xyz") + "/destination", "unknown-container")


def odd_size(draft: Draft) -> None:
    draft.operation("scale", "in", "uneven", write=False, params={"width": 321, "height": 181, "multiple": 1})
    draft.expect(draft.output(id="uneven", destination="uneven.mp4"), "odd-size")


def wrong_ports(draft: Draft) -> None:
    draft.operations.append({"op": "overlay", "inputs": {"base": "in", "ovrelay": "mirror"}, "output": "both"})
    draft.output(id="both", destination="both.mp4")
    path = f"/operations/{len(draft.operations) - 1}/inputs"
    draft.expect(path + "/ovrelay", "unknown-port")
    draft.expect(path, "missing-input")


def over_limit(draft: Draft) -> None:
    draft.fields["limits"] = {"max_resolution": "1920x1080"}
    draft.operation("scale", "in", "huge", write=False, params={"size": "4k"})
    draft.expect(draft.output(id="huge", destination="huge.mp4"), "over-limit")


def no_sound(draft: Draft) -> None:
    draft.input(id="mute", source="in.mp4", streams={"audio": False})
    path = draft.output(id="mute", destination="mute.mp4", codec={"video": "h264", "audio": "aac"})
    draft.expect(path + "/codec/audio", "no-such-stream")


def unwanted_copy(draft: Draft) -> None:
    draft.operation("hflip", "in", "copied", write=False)
    path = draft.output(id="copied", destination="copied.mp4", codec={"video": "copy", "audio": "copy"})
    draft.expect(path + "/codec/video", "cannot-copy")


MISTAKES: list[Callable[[Draft], None]] = [
    wrong_type, unknown_field, unknown_operator, bad_parameter, unknown_parameter, unresolved_reference, cycle,
    codec_container, missing_source, refused_source, beyond_the_end, wrong_media, duplicate_destination, duplicate_id,
    duplicate_name, overwritten_input, unknown_container, odd_size, wrong_ports, over_limit, no_sound, unwanted_copy,
]  # fmt: skip
SCHEMA = job_schema()
IN_THE_SCHEMA = {wrong_type, unknown_field, unknown_operator, bad_parameter, unknown_parameter, wrong_ports}
STRUCTURE = {
    wrong_type,
    unknown_field,
    unknown_operator,
    bad_parameter,
    unknown_parameter,
    duplicate_id,
    duplicate_name,
}


def found_in(draft: Draft) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in problems(draft.document(), CLIPS)]


def test_the_draft_itself_is_sound():
    assert found_in(Draft()) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.__name__)
def test_one(mistake):
    draft = Draft()
    mistake(draft)
    found = problems(draft.document(), CLIPS)
    assert sorted((p.path, p.code) for p in found) == sorted(draft.expected)
    for problem in found:
        assert problem.message
        # Of a wrong type, the message says what is wanted.
        assert problem.hint or problem.code == "wrong-type", f"nothing says what to do about: {problem}"
        assert not problem.message.endswith("."), "messages are put into sentences and lists"


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.combinations(MISTAKES, 2)), ids=lambda mistake: mistake.__name__
)
def test_two(first, second):
    draft = Draft()
    first(draft)
    second(draft)
    assert sorted(found_in(draft)) == sorted(draft.expected)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: m.__name__)
def test_the_schema_finds_what_is_wrong_with_the_structure(mistake):
    draft = Draft()
    mistake(draft)
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(draft.document()) == (mistake not in IN_THE_SCHEMA)


def test_all_at_once():
    draft = Draft()
    for mistake in MISTAKES:
        mistake(draft)
    found = found_in(draft)
    assert sorted(found) == sorted(draft.expected)
    assert len({code for _, code in found}) >= 8


@pytest.mark.parametrize(
    ("mistakes", "error"),
    [
        ([unknown_field, bad_parameter], SpecError),
        ([cycle, unresolved_reference], GraphError),
        ([duplicate_destination, overwritten_input, refused_source], SourceNotAllowedError),
        ([beyond_the_end, odd_size], PlanningError),
        ([cycle, odd_size], JobError),
    ],
)
def test_the_class_of_the_error_says_what_kind_they_are_of(mistakes, error):
    draft = Draft()
    for mistake in mistakes:
        mistake(draft)
    with pytest.raises(JobError) as raised:
        planner(CLIPS).plan(draft.document())
    assert type(raised.value) is error
