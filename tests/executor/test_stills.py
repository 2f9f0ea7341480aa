"""Many pictures are looked at at once, and each by itself where something is wrong with one of them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from mediapipeline.errors import OutputError
from mediapipeline.executor import verify
from mediapipeline.executor.executor import Executor
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.executor.stills import joined, seen, sequence_argv
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.media.info import MediaInfo
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.planner import Planner
from mediapipeline.testing.media import make_clip
from planning import job, op


@pytest.fixture
def stills(tmp_path: Path) -> Callable[..., ProcessingPlan]:
    make_clip(tmp_path / "in.mp4", duration="1s", size=(320, 240), video_codec="libx264")

    def plan(format: str, engine: Engine) -> ProcessingPlan:  # noqa: A002
        document = job(
            op("thumbnail", "in", "out", count=4), outputs={"out": {"destination": "out/", "format": format}}
        )
        return Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(document)

    return plan


def run(plan: ProcessingPlan, folder: Path, engine: Engine) -> ExecutionResult:
    return Executor(base_dir=folder, ffmpeg=engine.ffmpeg).run(plan, overwrite=True)


@pytest.mark.parametrize("format", ["jpg", "png", "webp"])
def test_together_they_are_found_to_be_what_each_is_by_itself(
    stills: Callable[..., ProcessingPlan], tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, format: str  # noqa: A002
) -> None:  # fmt: skip
    plan = stills(format, engine)
    alone = []
    looked = verify.Verifier._verify_part

    def counted(self, *given):
        alone.append(given)
        return looked(self, *given)

    monkeypatch.setattr(verify.Verifier, "_verify_part", counted)
    together = run(plan, tmp_path, engine).outputs["out"]
    assert alone == []
    monkeypatch.setattr(verify, "_SEVERAL", 100)
    apart = run(plan, tmp_path, engine).outputs["out"]
    assert len(alone) == 4
    prober = default_engine(engine.ffmpeg).prober
    for one, other in zip(together.files, apart.files, strict=True):
        assert attrs.evolve(one.media, fingerprint=None) == attrs.evolve(other.media, fingerprint=None)
        assert other.media == prober.probe(tmp_path / "out" / other.name)
    assert together.checks == apart.checks


@pytest.mark.parametrize(
    ("spoiled", "says"),
    [
        (lambda content: content[: len(content) // 2], "cannot be decoded without errors"),
        (lambda content: b"no picture", "cannot be (read back|decoded without errors)"),
        (lambda content: content[:10] + bytes(500), "cannot be (read back|decoded without errors)"),
    ],
)
def test_the_one_that_is_damaged_is_named(
    stills: Callable[..., ProcessingPlan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoiled, says
) -> None:  # fmt: skip
    engine = default_engine().binaries
    plan = stills("jpg", engine)
    look = verify.Verifier.verify

    async def spoiling(self, output, file, *, threads):
        if output.files:
            (file / "003.jpg").write_bytes(spoiled((file / "003.jpg").read_bytes()))
        return await look(self, output, file, threads=threads)

    monkeypatch.setattr(verify.Verifier, "verify", spoiling)
    with pytest.raises(OutputError, match=rf"^003\.jpg: output 'out' {says}"):
        run(plan, tmp_path, engine)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", ["jpg", "png", "webp"])
def test_a_damaged_one_is_found_though_nothing_that_is_said_has_a_tag(
    stills: Callable[..., ProcessingPlan], tmp_path: Path, engine: Engine, format: str  # noqa: A002
) -> None:  # fmt: skip
    made = run(stills(format, engine), tmp_path, engine).outputs["out"]
    files = sorted((tmp_path / "out").iterdir())

    def looked_at() -> list[MediaInfo] | None:
        name = joined(files, tmp_path / "whole")
        assert name is not None
        argv = sequence_argv(engine.ffmpeg, tmp_path / "whole", name, None)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        untagged = re.sub(r"\[\w+ @ \w+\] \[(?:error|fatal)\] |\[(?:error|fatal)\] ", "", done.stderr)
        return None if done.returncode else seen(files, made.files[0].media, untagged)

    assert looked_at() == [each.media for each in made.files]
    content = files[2].read_bytes()
    files[2].write_bytes(content[: len(content) // 2])
    assert looked_at() is None


def test_they_are_looked_at_when_all_processes_have_written_theirs(tmp_path: Path) -> None:
    make_clip(tmp_path / "in.mp4", duration="32s", rate=2, size=(32, 32), video_codec="libx264", extra=["-g", "5"])
    document = job(
        op("thumbnail", "in", "out", at=[f"{2 + 6 * number}s" for number in range(5)]),
        outputs={"out": {"destination": "out/", "format": "png"}},
    )
    plan = Planner(base_dir=tmp_path, machine=Machine(cores=2)).plan(document)
    first, second = plan.steps
    assert (first.needs, second.needs) == ((), ())
    (output,) = plan.outputs
    for step in (first, second):  # whichever of them the plan names
        named = attrs.evolve(plan, outputs=(attrs.evolve(output, step=step.id),))
        result = Executor(base_dir=tmp_path, cpus=1).run(named, overwrite=True)
        assert len(result.outputs["out"].files) == 5
