"""Which outputs one process writes, in which order processes are begun, and how encoders of one divide its threads."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import pytest

from mediapipeline.planner import schedule
from mediapipeline.planner.machine import Machine
from mediapipeline.steps import FFmpegStep
from mediapipeline.testing import clip_info
from planning import job, op, plan, step


def test_outputs_that_share_work_are_written_by_one_process_and_divide_its_threads() -> None:
    rungs = [op("scale", "in", f"r{height}", size=f"{height}p") for height in (1080, 720, 360)]
    made = plan(job(op("hflip", "in", "in2"), *({**r, "input": "in2"} for r in rungs),
                    outputs={f"r{height}": f"{height}.mp4" for height in (1080, 720, 360)}))  # fmt: skip
    (only,) = made.steps
    assert isinstance(only, FFmpegStep)
    pixels = [1920 * 1080, 1280 * 720, 640 * 360]
    assert sum(only.shares) == pytest.approx(1, abs=0.01)
    assert [float(share) for share in only.shares] == pytest.approx([p / sum(pixels) for p in pixels], abs=0.001)


def test_a_process_with_one_encoder_divides_nothing() -> None:
    made = plan(
        job(op("hflip", "in", "out"), outputs={"out": "out.mp4", "sound": {"input": "out", "destination": "a.mp3"}})
    )
    assert all(isinstance(each, FFmpegStep) and each.shares == () for each in made.steps)


def test_outputs_that_share_nothing_have_processes_of_their_own_the_larger_first() -> None:
    made = plan(
        job(
            op("trim", "in", "a", start="1s", end="2s"), op("scale", "a", "small", size="320x180"),
            op("trim", "in", "b", start="40s", end="50s"), op("scale", "b", "large", size="1080p"),
            outputs={"small": "small.mp4", "copied": {"input": "in", "destination": "copy.mkv"}, "large": "large.mp4"},
        )
    )  # fmt: skip
    assert [each.id for each in made.steps] == ["write-large", "write-small", "write-copied"]
    assert all(not each.needs for each in made.steps)


def test_shares_come_back_from_json() -> None:
    made = plan(job(op("hflip", "in", "x"), outputs={"x": "a.mp4", "y": {"input": "x", "destination": "b.webm"}}))
    again = type(made).from_dict(made.to_dict())
    assert step(again).shares == step(made).shares == (Fraction(1, 2), Fraction(1, 2))


def _stills(count: int, cores: int) -> list[FFmpegStep]:
    times = [f"{2 + number * 6}s" for number in range(count)]
    document = job(op("thumbnail", "in", "out", at=times), outputs={"out": {"destination": "out/", "format": "jpg"}})
    made = plan(document, {"in.mp4": clip_info(duration=f"{count * 6 + 4}s")}, machine=Machine(cores=cores))
    return [each for each in made.steps if isinstance(each, FFmpegStep)]


@pytest.mark.parametrize(
    ("count", "cores", "expected"),
    [(20, 2, [10, 10]), (20, 1, [10, 10]), (9, 8, [3, 3, 3]), (4, 8, [4]), (50, 2, [13, 12, 13, 12]), (16, 1, [16])],
)
def test_stills_that_are_sought_are_divided_among_cores(count: int, cores: int, expected: list[int]) -> None:
    steps = _stills(count, cores)
    assert [len(each.command.outputs) for each in steps] == expected
    written = [file.file for each in steps for file in each.command.outputs]
    assert len(set(written)) == count
    assert all(not each.needs and each.cpus == 1 for each in steps)
    threads = {dict(file.options).get("threads") for each in steps for file in each.command.inputs}
    assert threads == {"1" if len(steps) >= max(2, cores) else None}


def test_stills_of_a_clip_that_is_decoded_anyway_are_not_divided() -> None:
    times = [f"{number * 6}s" for number in range(9)]
    outputs: dict[str, Any] = {"out": {"destination": "out/", "format": "jpg"}, "in2": "all.mp4"}
    made = plan(job(op("hflip", "in", "in2"), op("thumbnail", "in2", "out", at=times), outputs=outputs))
    assert len(made.steps) == 1
    assert all("threads" not in dict(file.options) for file in step(made).command.inputs)


def test_work_grows_with_the_number_of_outputs_of_one_process_not_with_its_square(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    summed: list[int] = []

    def counted(values: Iterable[Any], start: Any = 0) -> Any:
        every = list(values)
        summed.append(len(every))
        return sum(every, start)

    monkeypatch.setattr(schedule, "sum", counted, raising=False)

    def looked_at(count: int) -> int:
        summed.clear()
        wanted = job(
            *(op("scale", "in", f"s{n}", width=320 + 2 * n, height=180) for n in range(count)),
            outputs={f"s{n}": f"o{n}.mp4" for n in range(count)},
        )
        assert len(plan(wanted, {"in.mp4": clip_info()}).steps) == 1
        return sum(summed)

    assert looked_at(80) <= 2 * looked_at(40)
