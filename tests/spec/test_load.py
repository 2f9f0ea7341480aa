from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from counted import calls
from documents import DOCUMENTS, FULL, INPUTS, MINIMAL, OPERATIONS, OUTPUTS, changed, mutated
from mediapipeline.errors import JobError, Problem, Problems, SpecError
from mediapipeline.media.codec import CodecSettings, VideoCodec
from mediapipeline.media.geometry import Resolution
from mediapipeline.operators.registry import Registry
from mediapipeline.spec import (
    Input,
    JobSpec,
    Limits,
    Loaded,
    Operation,
    Output,
    Reference,
    StreamChoice,
    load,
    load_file,
    load_partly,
)


def problems_of(document: Any) -> list[Problem]:
    problems = Problems()
    load_partly(document, problems=problems)
    return list(problems)


def codes(document: Any) -> dict[str, str]:
    return {p.path: p.code for p in problems_of(document)}


class TestRoundTrip:
    @pytest.mark.parametrize("document", [MINIMAL, FULL], ids=["minimal", "full"])
    def test_json_and_mapping_and_value_agree(self, document: dict[str, Any], tmp_path: Path) -> None:
        spec = load(document)
        file = tmp_path / "job.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        assert load(json.dumps(document)) == load(json.dumps(document).encode()) == load_file(file) == spec
        assert JobSpec.from_dict(document) == JobSpec.from_json(json.dumps(document)) == spec
        assert load(spec.to_dict()) == spec
        assert json.loads(json.dumps(spec.to_dict())) == spec.to_dict()

    def test_the_full_document_is_written_as_it_was(self) -> None:
        assert load(FULL).to_dict() == FULL

    def test_built_in_python(self) -> None:
        spec = JobSpec(
            inputs=(Input(id="in", source=Path("in.mp4")),),
            operations=(Operation(op="trim", input="in", output="t", params={"start": "10s"}),),
            outputs=(Output(id="t", destination="out.mp4", codec={"video": "h264"}),),
        )
        document = changed(
            operations=[{"op": "trim", "input": "in", "output": "t", "params": {"start": "10s"}}],
            outputs=[{"id": "t", "destination": "out.mp4", "codec": {"video": "h264"}}],
        )
        assert spec == load(document)
        assert load(spec) == spec

    def test_python_values_in_parameters(self) -> None:
        spec = JobSpec(
            inputs=(Input(id="in", source="in.mp4"),),
            operations=(Operation(op="x", input="in", output="t", params={"at": Fraction(1, 3), "file": Path("a")}),),
            outputs=(Output(id="t", destination="out.mp4"),),
        )
        assert spec.to_dict()["operations"][0]["params"] == {"at": "1/3", "file": "a"}
        assert load(spec).operations[0].params["at"] == Fraction(1, 3)

    def test_a_job_built_in_python_is_checked_like_a_document(self) -> None:
        spec = JobSpec(
            inputs=(Input(id="a b", source=""),),
            operations=(Operation(op="x", params={"f": object()}),),
            outputs=(Output(id="t", destination="out.mp4"), Output(id="t", destination="out2.mp4")),
        )
        assert codes(spec) == {
            "/inputs/0/id": "bad-id",
            "/inputs/0/source": "empty",
            "/operations/0/input": "missing-field",
            "/operations/0/output": "missing-field",
            "/operations/0/params/f": "not-json",
            "/outputs/1/id": "duplicate-id",
        }
        with pytest.raises(SpecError):
            spec.to_dict()

    def test_values(self) -> None:
        spec = load(FULL)
        first = spec.inputs[0]
        assert (first.start_offset, first.duration) == (Fraction(3, 2), Fraction(10))
        assert first.streams == StreamChoice(video=(1,), audio=(1, 0), subtitles=())
        assert spec.limits == Limits(
            max_duration=Fraction(7200), max_resolution=Resolution(1920, 1080), max_output_size=5, max_memory=2**31
        )
        assert spec.outputs[0].codec == CodecSettings.parse(FULL["outputs"][0]["codec"], "", Problems())
        assert isinstance(spec.outputs[0].codec.video, VideoCodec)  # type: ignore[union-attr]  # it is there, see above
        assert [output.clip for output in spec.outputs] == ["all", "list"]
        assert [operation.reads for operation in spec.operations] == [
            (Reference("in", None, "/input"),),
            (Reference("short", "base", "/inputs/base"), Reference("logo", "overlay", "/inputs/overlay")),
            (Reference("marked", 0, "/inputs/0"), Reference("short", 1, "/inputs/1")),
        ]
        assert spec.operations[2].makes == (
            Reference("all", "out", "/outputs/out"), Reference("list", "log", "/outputs/log"),
        )  # fmt: skip
        assert [part.at for part in spec.operations] == ["/operations/0", "/operations/1", "/operations/2"]

    @pytest.mark.parametrize(
        ("text", "seconds"), [("30m", 1800), ("2h", 7200), ("PT5M", 300), ("10s", 10), (90, 90), ("1001/1000", None)]
    )
    def test_durations(self, text: object, seconds: int | None) -> None:
        assert load(changed(timeout=text)).timeout == (Fraction(1001, 1000) if seconds is None else seconds)

    @pytest.mark.parametrize(
        ("text", "count"), [(5, 5), ("500MB", 500_000_000), ("2GiB", 2**31), ("1.5K", 1500), ("1.5kB", 1500), ("7", 7)]
    )
    def test_sizes(self, text: object, count: int) -> None:
        assert load(changed(limits={"max_memory": text})).limits == Limits(max_memory=count)


class TestProblems:
    @pytest.mark.parametrize(("document", "expected"), DOCUMENTS)
    def test_of_the_document(self, document: Any, expected: dict[str, str]) -> None:
        assert codes(document) == expected

    @pytest.mark.parametrize(("part", "expected"), INPUTS)
    def test_of_inputs(self, part: Any, expected: dict[str, str]) -> None:
        document = changed(inputs=[{"id": "in", "source": "x"}, part])
        assert codes(document) == {"/inputs/1" + path: code for path, code in expected.items()}

    @pytest.mark.parametrize(("part", "expected"), OPERATIONS)
    def test_of_operations(self, part: Any, expected: dict[str, str]) -> None:
        document = changed(operations=[{"op": "x", "input": "in", "output": "a"}, part])
        assert codes(document) == {"/operations/1" + path: code for path, code in expected.items()}

    @pytest.mark.parametrize(("part", "expected"), OUTPUTS)
    def test_of_outputs(self, part: Any, expected: dict[str, str]) -> None:
        document = changed(outputs=[{"id": "in", "destination": "out.mp4"}, part])
        assert codes(document) == {"/outputs/1" + path: code for path, code in expected.items()}

    def test_all_at_once(self) -> None:
        document = {
            "inputs": [{"id": "a b", "source": "x"}, {"id": "b"}],
            "operations": [
                {"op": "x", "input": "b"},
                {"op": "y", "input": "b", "output": "c", "params": {"n": float("nan")}},
            ],
            "outputs": [{"id": "c", "destination": "c.xyz", "codec": {"audio": "mp33"}}],
            "tags": 5,
            "typo": 1,
        }
        assert codes(document) == {
            "/operations/1/params/n": "bad-json",
            "/inputs/0/id": "bad-id",
            "/inputs/1/source": "missing-field",
            "/operations/0/output": "missing-field",
            "/outputs/0/codec/audio": "unknown-codec",
            "/outputs/0/destination": "unknown-container",
            "/tags": "wrong-type",
            "/typo": "unknown-field",
        }

    def test_load_raises_them_together(self) -> None:
        with pytest.raises(SpecError) as caught:
            load({"inputs": [], "outputs": [5]})
        assert [p.path for p in caught.value.problems] == ["/inputs", "/outputs/0"]

    def test_a_misspelt_field_gets_a_hint(self) -> None:
        (problem,) = problems_of(changed(operatons=[]))
        assert problem.hint == 'did you mean "operations"?'


class TestPartial:
    def test_what_is_sound_goes_on_with_its_own_pointers(self) -> None:
        problems = Problems()
        loaded = load_partly(
            changed(
                operations=[
                    {"op": "x", "input": "in", "output": "a", "wrong": {}, "params": {}},
                    {"op": "y", "input": "a", "output": "b"},
                    {"op": "z", "input": "b", "output": "c", "params": {"n": [float("inf")]}},
                    {"op": "y", "input": "b", "output": "b"},
                    {"op": "y", "input": "b", "outputs": {"p": "d", "q": 5}},
                ]
            ),
            problems=problems,
        )
        assert loaded.spec is not None
        assert [part.at for part in loaded.spec.operations] == ["/operations/1"]
        assert not loaded.complete
        assert loaded.lost == {"a", "b", "c", "d"}
        assert loaded.excuses("a")
        assert not loaded.excuses("zz")

    def test_a_part_without_a_readable_name_excuses_every_reference(self) -> None:
        problems = Problems()
        loaded = load_partly(changed(inputs=[{"source": "x"}]), problems=problems)
        assert loaded.excuses("anything")

    def test_a_sound_document_is_complete(self) -> None:
        problems = Problems()
        assert load_partly(FULL, problems=problems) == Loaded(spec=load(FULL), complete=True)


class TestOtherSystems:
    def test_unwrap(self) -> None:
        (problem,) = problems_of({"spec": MINIMAL})
        assert (problem.path, problem.code) == ("/spec", "wrapped-job")
        assert json.loads((problem.hint or "").removeprefix("write ")) == MINIMAL

    def test_parameters_beside_op(self) -> None:
        operation = {"op": "trim", "input": "in", "output": "t", "start": "10s", "end": 20, "params": {"clamp": True}}
        (problem,) = problems_of(changed(operations=[operation]))
        assert (problem.path, problem.code) == ("/operations/0/start", "misplaced-parameters")
        assert json.loads(problem.hint or "") == {
            "op": "trim", "input": "in", "output": "t", "params": {"clamp": True, "start": "10s", "end": 20},
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("operation", "rewritten"),
        [
            ({"op": "combine", "inputs": ["v", "a"], "output": "q"},
             {"op": "replace_audio", "inputs": {"video": "v", "audio": "a"}, "output": "q"}),
            ({"op": "mix", "inputs": ["v", "a"], "output": "q",
              "params": {"mode": "ducking", "main_weight": 1, "bg_weight": 0.5, "ducking_threshold": 0.05}},
             {"op": "duck", "inputs": {"main": "v", "background": "a"}, "output": "q",
              "params": {"threshold_db": -26.0, "background_gain_db": -6.0}}),
            ({"op": "overlay", "input": "in", "output": "q", "params": {"overlay_source": "logo", "margin": 3}},
             {"op": "overlay", "inputs": {"base": "in", "overlay": "logo"}, "output": "q", "params": {"margin": 3}}),
        ],
    )  # fmt: skip
    def test_renamed_operations(self, operation: dict[str, Any], rewritten: dict[str, Any]) -> None:
        (problem,) = problems_of(changed(operations=[operation]))
        assert problem.path == "/operations/0"
        assert json.loads(problem.hint or "") == rewritten
        # What would only lead to the next problem says so.
        assert ("does not ship" in problem.message) == (rewritten["op"] not in Registry.discover())

    def test_a_plain_mix_and_overlay_are_ours(self) -> None:
        load(changed(operations=[{"op": "mix", "inputs": ["in", "in"], "output": "q", "params": {"weights": [1, 2]}},
                                 {"op": "overlay", "inputs": ["in", "q"], "output": "r"}]))  # fmt: skip

    def test_export(self) -> None:
        operation = {"op": "export", "input": "in", "output": "e", "params": {"format": "mp3"}}
        (problem,) = problems_of(changed(operations=[operation]))
        assert problem.code == "not-an-operation"
        assert '"format": "mp3"' in (problem.hint or "")

    @pytest.mark.parametrize(("field", "says"), [("webhook_url", "host"), ("debug", "keep_workspace")])
    def test_what_belongs_elsewhere(self, field: str, says: str) -> None:
        (problem,) = problems_of(changed(**{field: "x"}))
        assert (problem.path, problem.code) == (f"/{field}", "not-ours")
        assert says in (problem.hint or "")

    @pytest.mark.parametrize("inputs", [None, 5, "ab", {}, [], {"x": 1}, [["a"]]])
    @pytest.mark.parametrize("op", ["export", "combine", "mix", "overlay", "debug"])
    def test_hints_survive_any_shape(self, op: str, inputs: Any) -> None:
        params = {"overlay_source": inputs, "mode": inputs, "bg_weight": inputs, "ducking_threshold": -1}
        operation = {"op": op, "inputs": inputs, "input": inputs, "output": inputs, "params": params}
        assert problems_of(changed(operations=[operation]))


@settings(max_examples=150)
@given(mutated(FULL))
def test_mutated_documents_give_problems_and_nothing_else(document: Any) -> None:
    problems = Problems()
    loaded = load_partly(document, problems=problems)
    assert loaded.complete == (not list(problems))
    for problem in problems:
        assert problem.code
        assert problem.message.isprintable()
        assert problem.path == "" or problem.path.startswith("/")
        str(problem).encode("utf-8")
    if loaded.spec is not None and loaded.complete:
        assert load(loaded.spec.to_dict()) == loaded.spec
    if list(problems):
        with pytest.raises(JobError):
            load(document)


def test_reading_is_linear_in_the_number_of_operations() -> None:
    """Counted, not timed: calls into Python per operation stay the same."""

    def reading(n: int) -> int:
        chain = [
            {"op": "x", "input": f"c{i - 1}" if i else "in", "output": f"c{i}", "params": {"a": [1, {}]}}
            for i in range(n)
        ]
        return calls(lambda: load(changed(operations=chain)))

    few, many = reading(200), reading(2000)
    assert many < 10.5 * few
