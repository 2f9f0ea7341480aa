"""Steps of plugins' own, run for real."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest

from mediapipeline import ExecutionError, Executor, Planner
from mediapipeline.errors import PluginContractError, PluginLoadError
from mediapipeline.executor.events import StepFinished, StepProgress
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps import CustomStep, FFmpegStep, ReaderGone, StepContext
from mediapipeline.testing import make_clip
from planning import job, op
from tee import Copier, registry, tee

LOSSLESS = {"video": {"codec": "ffv1"}, "audio": {"codec": "flac"}}


class Workshop:
    """A folder with a clip that begins late and has no constant rate, and plans over it with and without the step."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self.engine = engine
        self.clip = make_clip(folder / "in.mkv", engine=engine, audio=1, duration=2, vfr=True, audio_delay="1/2s")
        self.planner = Planner(registry=registry(), ffmpeg=engine.ffmpeg, base_dir=folder)

    def plan(self, *operations: dict[str, Any], last: str = "in", name: str = "out.mkv", **more: Any) -> ProcessingPlan:
        out = {"destination": name, "input": last, "codec": more.pop("codec", LOSSLESS)}
        return self.planner.plan(job(*operations, inputs={"in": "in.mkv"}, outputs={"out": out}, **more))

    def executor(self, runner: Any = None, **options: Any) -> Executor:
        given = {} if runner is None else {"acme.tee": runner}
        return Executor(ffmpeg=self.engine.ffmpeg, base_dir=self.folder, step_runners=given, **options)

    def decoded(self, name: str) -> list[str]:
        """Time and digest of every frame and block of samples; the length of blocks is of no account."""
        argv = [
            str(self.engine.ffmpeg),
            "-v",
            "error",
            "-i",
            str(self.folder / name),
            "-map",
            "0",
            "-af",
            "asetnsamples=1000",
        ]
        argv += ["-fps_mode", "passthrough", "-enc_time_base:v", "1/90000", "-f", "framehash", "-"]
        said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
        return sorted(line for line in said.splitlines() if not line.startswith("#"))

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def workshop(tmp_path: Path, default_engine: Engine) -> Workshop:
    return Workshop(tmp_path, default_engine)


def test_what_is_handed_on_as_it_is_stays_as_it_is(tmp_path: Path, engine: Engine) -> None:
    shop = Workshop(tmp_path, engine)
    shop.executor().run(shop.plan(op("hflip", "in", "h"), op("vflip", "h", "v"), last="v", name="plain.mkv"))
    runner = Copier()
    made = shop.plan(op("hflip", "in", "h"), tee("h", "t"), op("vflip", "t", "v"), last="v")
    events: list[Any] = []
    result = shop.executor(runner).run(made, on_event=events.append)
    assert shop.decoded("out.mkv") == shop.decoded("plain.mkv")
    assert {step.id for step in runner.ran} == {"custom-0", "custom-1"}
    assert {event.step for event in events if isinstance(event, StepFinished)} == {step.id for step in made.steps}
    assert [step.id for step in result.steps] == [step.id for step in made.steps]
    assert shop.left() == ["in.mkv", "out.mkv", "plain.mkv"]


def test_what_is_kept_is_kept_as_it_is(workshop: Workshop) -> None:
    workshop.executor().run(workshop.plan(op("loudnorm", "in", "n"), last="n", name="plain.mkv"))
    made = workshop.plan(tee("in", "t"), op("loudnorm", "t", "n"), last="n")
    assert any(step.id.startswith("keep-") for step in made.steps)
    workshop.executor(Copier()).run(made)
    assert workshop.decoded("out.mkv") == workshop.decoded("plain.mkv")


def test_cut_after_the_step_ends_what_is_before_it(workshop: Workshop) -> None:
    made = workshop.plan(tee("in", "t"), last="t", name="out.png", codec={"video": {"codec": "png"}})
    workshop.executor(Copier()).run(made)
    assert workshop.left() == ["in.mkv", "out.png"]


async def _fail(step: CustomStep, context: StepContext) -> None:
    raise ExecutionError("frame 3 is not to its liking", step=step.id, operator=step.operation)


async def _break(step: CustomStep, context: StepContext) -> None:
    raise KeyError("bug")


async def _give_up(step: CustomStep, context: StepContext) -> None:
    if context.path(step.output):
        raise ReaderGone


async def _wander(step: CustomStep, context: StepContext) -> None:
    context.path("source:in")


@pytest.mark.parametrize("strict", [False, True])
def test_damage_that_the_runner_finds_is_told_or_the_end(workshop: Workshop, strict: bool) -> None:
    async def find(step: CustomStep, context: StepContext) -> None:
        context.damaged("half a frame is missing")

    made = workshop.plan(tee("in", "t"), last="t")
    executor = workshop.executor(Copier(find), fail_on_decode_errors=strict)
    if strict:
        with pytest.raises(ExecutionError, match="takes none that are: half a frame is missing"):
            executor.run(made)
        assert workshop.left() == ["in.mkv"]
    else:
        assert "half a frame is missing" in executor.run(made).warnings


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (_fail, "frame 3 is not to its liking"),
        (_break, "what runs steps of 'acme.tee' failed: KeyError"),
        (_wander, "no file 'source:in'"),
    ],
)
def test_failure_of_the_runner_is_that_of_the_run(workshop: Workshop, before: Any, said: str) -> None:
    with pytest.raises(ExecutionError, match=said) as caught:
        workshop.executor(Copier(before)).run(workshop.plan(tee("in", "t"), last="t"))
    assert caught.value.step in {"custom-0", "custom-1"}
    assert workshop.left() == ["in.mkv"]


def test_runner_that_gives_up_without_reason_makes_no_output(workshop: Workshop) -> None:
    with pytest.raises(ExecutionError):
        workshop.executor(Copier(_give_up)).run(workshop.plan(tee("in", "t"), last="t"))
    assert workshop.left() == ["in.mkv"]


def test_failure_of_ffmpeg_after_the_step_is_told_as_its_own(workshop: Workshop) -> None:
    made = workshop.plan(tee("in", "t"), last="t")
    last = made.steps[-1]
    assert isinstance(last, FFmpegStep)
    (output,) = last.command.outputs
    broken = attrs.evolve(output, options=(*output.options, ("strict", "nonsense")))
    steps = (*made.steps[:-1], attrs.evolve(last, command=attrs.evolve(last.command, outputs=(broken,))))
    with pytest.raises(ExecutionError) as caught:
        workshop.executor(Copier()).run(attrs.evolve(made, steps=steps))
    assert caught.value.step == "write-out"
    assert workshop.left() == ["in.mkv"]


def test_cancelled_nothing_of_it_is_left(workshop: Workshop, until: Callable[[Callable[[], Any]], Any]) -> None:
    code = "import time; time.sleep(1000)"

    async def sleep(step: CustomStep, context: StepContext) -> None:
        await context.run_process([sys.executable, "-c", code, str(context.folder)])

    def running() -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    line = (entry / "cmdline").read_bytes()
                    alive = (entry / "stat").read_text().rpartition(") ")[2][0] not in "ZX"
                except OSError:
                    continue
                if alive and str(workshop.folder).encode() in line:
                    found.append(line.decode(errors="replace"))
        return found

    async def main() -> None:
        async with workshop.executor(Copier(sleep)).start(workshop.plan(tee("in", "t"), last="t")):
            await asyncio.to_thread(until, lambda: any(code in line for line in running()))

    asyncio.run(main())
    assert running() == []
    assert workshop.left() == ["in.mkv"]


def test_runner_has_threads_a_folder_and_a_voice(workshop: Workshop) -> None:
    seen: dict[str, Any] = {}

    async def look(step: CustomStep, context: StepContext) -> None:
        seen["threads"] = context.threads
        (context.folder / "file").write_text("kept for the run only")
        context.progress(frame=1, out_time=Fraction(1, 2))
        context.warn("the picture is plain")
        said = await context.run_process(
            [sys.executable, "-c", "import os; print(os.environ['OWN'])"], env={"OWN": "x"}
        )
        seen["exit"] = said.exit_code

    events: list[Any] = []
    result = workshop.executor(Copier(look), cpus=1).run(
        workshop.plan(tee("in", "t"), last="t"), on_event=events.append
    )
    assert seen == {"threads": 1, "exit": 0}
    assert "the picture is plain" in result.warnings
    assert any(isinstance(e, StepProgress) and e.step == "custom-0" and e.out_time == Fraction(1, 2) for e in events)
    assert result.steps[1].cpu_seconds is not None


def test_runner_that_is_not_there_is_missed_before_anything_is_made(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = workshop.plan(tee("in", "t"), last="t")
    with pytest.raises(PluginLoadError, match="no installed package runs such steps"):
        workshop.executor().run(made)
    for off in ("off", "0", "offf"):
        monkeypatch.setenv("MEDIAPIPELINE_PLUGINS", off)
        with pytest.raises(PluginLoadError, match="switched off"):
            workshop.executor().run(made)


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs a distribution that offers a runner of ``acme.tee`` as named."""

    def install(value: str, name: str = "acme") -> None:
        info = tmp_path / "site" / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[mediapipeline.steps]\nacme.tee = {value}\n")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))

    return install


def test_runner_that_is_installed_is_found(workshop: Workshop, offered: Callable[..., None]) -> None:
    offered("tee:Copier")
    workshop.executor().run(workshop.plan(tee("in", "t"), last="t"))
    assert "out.mkv" in workshop.left()


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        ("tee:Missing", PluginLoadError, "cannot be made.*acme, entry point acme.tee = tee:Missing"),
        ("no_such_module:Runner", PluginLoadError, "cannot be made.*no_such_module"),
        ("sys:exit", PluginLoadError, "cannot be made: SystemExit.*acme, entry point acme.tee = sys:exit"),
        ("builtins:object", PluginContractError, "no method run"),
    ],
)
def test_installed_runner_that_is_broken_is_named(
    workshop: Workshop, offered: Callable[..., None], value: str, error: type[Exception], said: str
) -> None:
    offered(value)
    with pytest.raises(error, match=said):
        workshop.executor().run(workshop.plan(tee("in", "t"), last="t"))


def test_a_damaged_package_hides_no_runner(
    workshop: Workshop, offered: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = workshop.plan(tee("in", "t"), last="t")
    offered("tee:Copier")
    damaged = tmp_path / "site" / "damaged-1.0.dist-info"
    damaged.mkdir()
    (damaged / "METADATA").write_text("Metadata-Version: 2.1\nName: damaged\nVersion: 1.0\n")
    (damaged / "entry_points.txt").write_text("[mediapipeline.steps]\ngarbage\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    workshop.executor().run(made)
    (tmp_path / "site" / "acme-1.0.dist-info" / "entry_points.txt").write_text("")
    with pytest.raises(PluginLoadError, match=r"no installed package .*cannot be read.*from damaged"):
        workshop.executor().run(made, overwrite=True)


def test_two_packages_that_run_the_same_steps_are_named(workshop: Workshop, offered: Callable[..., None]) -> None:
    offered("tee:Copier")
    offered("other:Copier", name="rival")
    with pytest.raises(PluginLoadError, match=r"acme, entry .* and rival, entry"):
        workshop.executor().run(workshop.plan(tee("in", "t"), last="t"))
