from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import stat
import threading
from fractions import Fraction
from pathlib import Path

import attrs
import pytest

from mediapipeline.errors import (
    EngineError,
    ExecutionError,
    FFmpegFailedError,
    FFmpegNotFoundError,
    OutputError,
    SourceNotAllowedError,
    StalledError,
    StepTimeoutError,
)
from mediapipeline.executor.events import (
    Event,
    Published,
    RunFailed,
    RunFinished,
    RunStarted,
    StepFinished,
    StepProgress,
    StepStarted,
    Verified,
    event_from_dict,
)
from mediapipeline.executor.executor import Executor
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.ffmpeg.command import Command, InputFile, OutputFile
from mediapipeline.ffmpeg.demuxers import SAFE_DEMUXERS
from mediapipeline.ffmpeg.filtergraph import Chain, File, Filter, FilterGraph, InputStream, Label
from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.steps.expectation import Expectation, Range, StreamExpectation
from mediapipeline.steps.resources import Resources
from mediapipeline.steps.step import CutCuesStep, FFmpegStep
from mediapipeline.testing.media import make_clip


def test_a_plan_becomes_a_verified_file(bench_of_each) -> None:
    bench = bench_of_each
    events: list[Event] = []
    result = bench.executor().run(bench.plan("a.mp4"), on_event=events.append, checksums=True)
    bench.assert_left("a.mp4")
    output = result.outputs["a"]
    data = output.path.read_bytes()
    assert output.path == bench.out / "a.mp4"
    assert (output.size, output.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert output.media.video is not None
    assert output.media.video.width == 64
    assert "streams: video h264 64x48 25 fps yuv420p; audio aac 48000 Hz 1 channel" in output.checks
    assert (result.steps[0].frames_decoded, result.steps[0].frames_encoded) == (0, 0)
    assert result.steps[0].argv[0] == str(bench.engine.ffmpeg)
    assert result.warnings == ()
    kinds = [type(event) for event in events if not isinstance(event, StepProgress)]
    assert kinds == [RunStarted, StepStarted, StepFinished, Verified, Published, RunFinished]
    assert ExecutionResult.from_dict(result.to_dict()) == result
    assert [event_from_dict(event.to_dict()) for event in events] == events


def test_frames_are_counted_where_they_are_decoded_and_encoded(bench_of_each) -> None:
    bench = bench_of_each
    graph = FilterGraph(
        (
            Chain((InputStream(0, 0),), (Filter("split", (("outputs", 2),)),), (Label("a1"), Label("b1"))),
            Chain((Label("b1"),), (Filter("fps", (("fps", 5),), "op0"),), (Label("b2"),)),
        )
    )
    command = Command(
        inputs=(InputFile(file="source:in", demuxers=SAFE_DEMUXERS),),
        graph=graph,
        outputs=(
            OutputFile(file="final:a", muxer="mp4", maps=(Label("a1"),), options=(("c", "mpeg4"),)),
            OutputFile(file="final:b", muxer="matroska", maps=(Label("b2"),), options=(("c", "mpeg4"),)),
        ),
    )
    step = FFmpegStep(id="both", title="both", command=command, duration=Fraction(1))
    outputs = tuple(bench.output(name, "both", expectation=bench.loose("video")) for name in ("a.mp4", "b.mkv"))
    result = bench.executor(cpus=1).run(bench.plan(steps=(step,), outputs=outputs))
    assert (result.steps[0].frames_decoded, result.steps[0].frames_encoded) == (25, 30)
    assert "-filter_complex_threads" in result.steps[0].argv
    assert result.warnings == ()
    bench.assert_left("a.mp4", "b.mkv")


def test_outputs_are_made_side_by_side_and_need_each_other_where_said(bench) -> None:
    events: list[Event] = []
    steps = (bench.step("a.mp4"), bench.step("b.mkv", needs=("write-a",)), bench.step("c.ts"))
    plan = bench.plan(steps=steps, outputs=tuple(bench.output(n) for n in ("a.mp4", "b.mkv", "c.ts")))
    result = bench.executor(cpus=4).run(plan, on_event=events.append)
    assert list(result.outputs) == ["a", "b", "c"]
    assert [step.id for step in result.steps] == ["write-a", "write-b", "write-c"]
    order = [(type(e), e.step) for e in events if isinstance(e, StepStarted | StepFinished)]
    assert order.index((StepStarted, "write-c")) < order.index((StepFinished, "write-a"))
    assert order.index((StepStarted, "write-b")) > order.index((StepFinished, "write-a"))
    fractions = [e.run_fraction for e in events if isinstance(e, StepProgress | StepFinished)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)
    bench.assert_left("a.mp4", "b.mkv", "c.ts")


def test_the_failure_of_one_leaves_nothing_of_any(bench) -> None:
    broken = bench.step("b.mkv", output_options=(("c:v", "copy"), ("c:a", "mov_text")))
    plan = bench.plan(steps=(bench.step("a.mp4"), broken), outputs=(bench.output("a.mp4"), bench.output("b.mkv")))
    events: list[Event] = []
    with pytest.raises(FFmpegFailedError) as caught:
        bench.executor().run(plan, on_event=events.append)
    assert caught.value.step == "write-b"
    assert caught.value.stderr
    assert "[verbose]" not in caught.value.stderr
    assert [e.error["type"] for e in events if isinstance(e, RunFailed)] == ["FFmpegFailedError"]
    assert events[-1].terminal
    assert sum(event.terminal for event in events) == 1
    bench.assert_left()


def test_the_operation_at_fault_is_named(bench_of_each) -> None:
    bench = bench_of_each
    crop = Filter("crop", (("out_w", 640), ("out_h", 480)), "op3")
    command = Command(
        inputs=(InputFile(file="source:in", demuxers=SAFE_DEMUXERS),),
        graph=FilterGraph((Chain((InputStream(0, 0),), (crop,), (Label("v1"),)),)),
        outputs=(OutputFile(file="final:a", muxer="mp4", maps=(Label("v1"),), options=(("c", "mpeg4"),)),),
    )
    step = FFmpegStep(id="crop", title="crop", command=command, operations={"op3": "/operations/3"})
    with pytest.raises(FFmpegFailedError, match="/operations/3") as caught:
        bench.executor().run(bench.plan(steps=(step,), outputs=(bench.output("a.mp4", "crop"),)))
    assert caught.value.operator == "/operations/3"
    assert caught.value.argv[0] == str(bench.engine.ffmpeg)
    bench.assert_left()


def test_work_files_assets_and_cut_cues(bench) -> None:
    text = make_clip(
        bench.folder / "in" / "clip.mp4",
        engine=bench.engine,
        subtitles=[[("0s", "1s", "one, two")]],
        audio=1,
        video_codec="libx264",
    )
    extract = FFmpegStep(
        id="extract", title="extract",
        command=Command(
            inputs=(InputFile(file="source:in", demuxers=SAFE_DEMUXERS),),
            outputs=(
                OutputFile(file="work:../../up.srt", muxer="srt", maps=(InputStream(0, 2),), options=(("c", "srt"),)),
            ),
        ),
    )  # fmt: skip
    cut = CutCuesStep(
        id="cut", title="cut", needs=("extract",), source="work:../../up.srt", target="work:cut.srt",
        start=Fraction(1, 2), end=Fraction(3, 4),
    )  # fmt: skip
    write = bench.step(
        "a.mkv", needs=("cut",),
        command=Command(
            inputs=(
                InputFile(file="source:in", demuxers=SAFE_DEMUXERS),
                InputFile(file="work:cut.srt", options=(("f", "srt"),), demuxers=("srt",)),
                InputFile(file="asset:abc", options=(("f", "ffmetadata"),), demuxers=("ffmetadata",)),
            ),
            outputs=(
                OutputFile(
                    file="final:a", muxer="matroska", maps=(InputStream(0, 0), InputStream(1, 0)),
                    options=(("c", "copy"), ("map_chapters", "2")),
                ),
            ),
        ),
    )  # fmt: skip
    streams = (StreamExpectation(kind="video"), StreamExpectation(kind="subtitle", codec="subrip"))
    chapters = ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=Half ä\n"
    plan = bench.plan(
        inputs=(bench.input(text),), steps=(extract, cut, write), assets={"abc": chapters},
        outputs=(bench.output("a.mkv", expectation=Expectation(streams=streams)),),
    )  # fmt: skip
    result = bench.executor().run(plan)
    media = result.outputs["a"].media
    assert [chapter.title for chapter in media.chapters] == ["Half ä"]
    assert b"one, two" in (bench.out / "a.mkv").read_bytes()
    assert (result.steps[1].argv, result.steps[1].frames_encoded) == ((), None)
    assert not (bench.folder.parent / "up.srt").exists()
    bench.assert_left("a.mkv")


def test_a_long_graph_is_read_from_a_file(bench_of_each) -> None:
    bench = bench_of_each
    command = Command(
        inputs=(InputFile(file="source:in", demuxers=SAFE_DEMUXERS),),
        graph=FilterGraph((Chain((InputStream(0, 1),), (Filter("anull"),) * 2000, (Label("a1"),)),)),
        outputs=(OutputFile(file="final:a", muxer="wav", maps=(Label("a1"),), options=()),),
    )
    step = FFmpegStep(id="write-a", title="a", command=command)
    result = bench.executor().run(
        bench.plan(steps=(step,), outputs=(bench.output("a.wav", expectation=bench.loose("audio")),))
    )
    assert max(map(len, result.steps[0].argv)) < 1000
    bench.assert_left("a.wav")


def test_paths_of_files_in_options_are_those_of_the_workspace(bench) -> None:
    log = Filter("metadata", (("mode", "print"), ("file", File("work:log"))))
    command = Command(
        inputs=(InputFile(file="source:in", demuxers=SAFE_DEMUXERS),),
        graph=FilterGraph((Chain((InputStream(0, 0),), (log,), (Label("v1"),)),)),
        outputs=(OutputFile(file="final:a", muxer="mp4", maps=(Label("v1"),), options=(("c", "mpeg4"),)),),
    )  # fmt: skip
    step = FFmpegStep(id="write-a", title="a", command=command)
    bench.executor().run(bench.plan(steps=(step,), outputs=(bench.output("a.mp4", expectation=bench.loose("video")),)))
    bench.assert_left("a.mp4")


# What is refused before anything runs


def test_an_output_that_exists_is_refused_unless_it_may_be_overwritten(bench) -> None:
    (bench.out / "a.mp4").write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        bench.executor().run(bench.plan("a.mp4"))
    assert (bench.out / "a.mp4").read_text() == "precious"
    bench.assert_left("a.mp4")
    bench.executor().run(bench.plan("a.mp4"), overwrite=True)
    assert bench.prober.probe(bench.out / "a.mp4").video is not None
    bench.assert_left("a.mp4")


def test_an_output_must_not_be_an_input(bench) -> None:
    before = bench.clip.read_bytes()
    plan = bench.plan(steps=(bench.step("a.mp4"),), outputs=(bench.output("a.mp4", destination=str(bench.clip)),))
    with pytest.raises(SourceNotAllowedError, match="input"):
        bench.executor().run(plan, overwrite=True)
    (bench.out / "a.mp4").symlink_to(bench.clip)
    with pytest.raises(OutputError, match="is the input 'in'"):
        bench.executor().run(bench.plan("a.mp4"), overwrite=True)
    assert bench.clip.read_bytes() == before


def test_two_outputs_must_not_be_one_file(bench) -> None:
    (bench.folder / "link").symlink_to(bench.out)
    outputs = (bench.output("a.mp4"), bench.output("b.mp4", destination=str(bench.folder / "link" / "a.mp4")))
    with pytest.raises(OutputError, match="'a' and 'b' are the same file"):
        bench.executor().run(bench.plan("a.mp4", "b.mp4", outputs=outputs))
    bench.assert_left()


@pytest.mark.parametrize(("name", "match"), [("no/a.mp4", "does not exist; create it"), ("folder", "is a folder")])
def test_a_place_that_does_not_do(bench, name: str, match: str) -> None:
    (bench.out / "folder").mkdir()
    outputs = (bench.output("a.mp4", destination=str(bench.out / name)),)
    with pytest.raises(OutputError, match=match):
        bench.executor().run(bench.plan("a.mp4", outputs=outputs))
    bench.assert_left("folder")


def test_a_folder_that_cannot_be_written_to(bench) -> None:
    target = bench.out
    if os.geteuid() == 0:
        target = Path("/proc/self")  # root may write anywhere else
        if not target.is_dir():
            pytest.skip("root may write to any folder here")
    else:
        target.chmod(0o555)
    outputs = (bench.output("a.mp4", destination=str(target / "a.mp4")),)
    with pytest.raises(OutputError, match="cannot be written to"):
        bench.executor().run(bench.plan("a.mp4", outputs=outputs))
    bench.out.chmod(0o755)
    bench.assert_left()


def test_an_input_that_is_missing_or_changed(bench) -> None:
    plan = bench.plan("a.mp4")
    data = bench.clip.read_bytes()
    bench.clip.write_bytes(data + b"\0")
    with pytest.raises(ExecutionError, match="input 'in' has changed since the job was planned"):
        bench.executor().run(plan)
    bench.clip.unlink()
    with pytest.raises(ExecutionError, match=r"input 'in' cannot be read.*no such file"):
        bench.executor().run(plan)
    bench.clip.write_bytes(data)
    bench.executor().run(plan)
    bench.assert_left("a.mp4")


def test_an_input_that_changes_during_the_run(bench) -> None:
    data = bench.clip.read_bytes()

    def change(event: Event) -> None:
        if isinstance(event, StepFinished):
            bench.clip.write_bytes(data + b"\0")

    with pytest.raises(ExecutionError, match="has changed"):
        bench.executor().run(bench.plan("a.mp4"), on_event=change)
    bench.assert_left()


def test_what_the_machine_lacks(bench) -> None:
    with pytest.raises(EngineError, match="lacks what the plan needs: filter:no_such_filter"):
        bench.executor().run(bench.plan("a.mp4", requires=("filter:scale", "filter:no_such_filter")))
    with pytest.raises(ExecutionError, match="not enough disk space") as caught:
        bench.executor().run(bench.plan("a.mp4", resources=Resources(disk_space=10**18)))
    assert caught.value.retryable
    with pytest.raises(FFmpegNotFoundError):
        Executor(ffmpeg=bench.folder / "no-ffmpeg").run(bench.plan("a.mp4"))
    bench.assert_left()


def test_the_policy_is_asked(bench) -> None:
    policy = SourcePolicy.untrusted([bench.clip.parent], output_roots=[bench.folder / "elsewhere"])
    with pytest.raises(SourceNotAllowedError):
        bench.executor(policy=policy).run(bench.plan("a.mp4"))
    relative = bench.plan("a.mp4", outputs=(bench.output("a.mp4", destination="a.mp4"),))
    bench.executor(base_dir=bench.out).run(relative)
    bench.assert_left("a.mp4")


@pytest.mark.parametrize(
    ("steps", "match"),
    [
        (lambda b: (b.step("a.mp4", needs=("nobody",)),), "no step 'step:nobody'"),
        (lambda b: (b.step("a.mp4", needs=("two",)), b.step("a.mp4", id="two", needs=("write-a",))), "need each other"),
        (lambda b: (b.step("a.mp4"), b.step("a.mp4")), "two steps have one id"),
        (lambda b: (b.step("a.mp4", "b.mkv"),), "names a file that it does not have: 'final:b'"),
    ],
)
def test_a_broken_plan(bench, steps, match: str) -> None:
    with pytest.raises(ExecutionError, match=match):
        bench.executor().run(bench.plan(steps=steps(bench), outputs=(bench.output("a.mp4"),)))
    bench.assert_left()


# Limits


def test_the_job_has_a_time_limit(bench) -> None:
    plan = bench.plan(steps=bench.endless().steps, outputs=bench.endless().outputs, timeout=Fraction(1, 2))
    with pytest.raises(StepTimeoutError, match=r"longer than the 0\.5 s"):
        bench.executor().run(plan)
    bench.assert_left()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_stopped_process_is_a_stall(bench) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, StepProgress):
            for pid in bench.processes():
                os.kill(pid, signal.SIGSTOP)

    with pytest.raises(StalledError):
        bench.executor(startup_timeout=0.5, stall_timeout=0.5).run(bench.endless(), on_event=stop)
    bench.assert_left()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_memory_is_limited(bench) -> None:
    plan = bench.plan(steps=bench.endless().steps, outputs=bench.endless().outputs, max_memory=1_000_000)
    with pytest.raises(FFmpegFailedError, match="more memory than the 1000000 bytes"):
        bench.executor().run(plan)
    bench.assert_left()


def test_the_size_of_outputs_is_limited(bench) -> None:
    size = bench.clip.stat().st_size
    with pytest.raises(OutputError, match="larger than the 100 bytes"):
        bench.executor().run(bench.plan("a.mp4", max_output_size=100))
    endless = bench.endless(input_options=(("stream_loop", "-1"),))
    with pytest.raises(OutputError, match=r"larger than the \d+ bytes"):
        bench.executor().run(bench.plan(steps=endless.steps, outputs=endless.outputs, max_output_size=20 * size))
    bench.executor().run(bench.plan("a.mp4", max_output_size=2 * size))
    bench.assert_left("a.mp4")


# Failures of the machine


def test_ffmpeg_is_killed(bench) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, StepProgress):
            for pid in bench.processes():
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(FFmpegFailedError, match="signal 9") as caught:
        bench.executor().run(bench.endless(), on_event=kill)
    assert caught.value.retryable
    bench.assert_left()


def test_damaged_media_are_warnings_or_a_failure(bench_of_each) -> None:
    bench = bench_of_each
    data = bytearray(bench.clip.read_bytes())
    start = data.index(b"mdat") + 4
    for at in range(start + 200, start + 4000, 97):
        data[at] ^= 0xFF
    bench.clip.write_bytes(data)
    step = bench.step("a.mkv", output_options=(("c:0", "mpeg4"), ("c:1", "copy")))
    plan = bench.plan(steps=(step,), outputs=(bench.output("a.mkv", expectation=bench.loose("video", "audio")),))
    with pytest.raises(ExecutionError, match="damaged"):
        bench.executor(fail_on_decode_errors=True).run(plan)
    bench.assert_left()
    result = bench.executor().run(plan)
    assert result.warnings
    bench.assert_left("a.mkv")


def test_what_media_say_of_themselves_is_no_warning(bench) -> None:
    title = "[error] corrupt data\nError while decoding stream"
    clip = make_clip(
        bench.clip, engine=bench.engine, audio=1, video_codec="libx264", metadata={"title": title, "artist": "invalid"}
    )
    step = bench.step("a.mp4", output_options=(("c:0", "mpeg4"), ("c:1", "copy")))
    output = bench.output("a.mp4", expectation=bench.loose("video", "audio"))
    result = bench.executor().run(bench.plan(inputs=(bench.input(clip),), steps=(step,), outputs=(output,)))
    assert result.warnings == ()


def test_a_callback_that_fails_ends_the_run(bench) -> None:
    class Own(Exception):
        pass

    for kind in (RunStarted, StepStarted, StepProgress):
        seen: list[Event] = []

        def fail(event: Event, kind=kind, seen=seen) -> None:
            seen.append(event)
            if isinstance(event, kind):
                raise Own

        with pytest.raises(Own):
            bench.executor().run(bench.endless(), on_event=fail)
        assert isinstance(seen[-1], kind)
        bench.assert_left()


def test_two_runs_to_one_target(bench) -> None:
    executor = bench.executor()
    outcomes: list[object] = []

    def run() -> None:
        try:
            outcomes.append(executor.run(bench.plan("a.mp4")))
        except OutputError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, ExecutionResult) for outcome in outcomes) == 1
    assert sum("exists already" in str(outcome) for outcome in outcomes if isinstance(outcome, OutputError)) == 3
    bench.assert_left("a.mp4")


def test_one_target_in_two_folders(bench) -> None:
    (bench.out / "x").mkdir()
    outputs = (bench.output("a.mp4"), bench.output("b.mkv", destination=str(bench.out / "x" / "b.mkv")))
    bench.executor().run(bench.plan("a.mp4", "b.mkv", outputs=outputs))
    assert [entry.name for entry in (bench.out / "x").iterdir()] == ["b.mkv"]
    bench.assert_left("a.mp4", "x")


def test_permissions_follow_the_umask(bench) -> None:
    before = os.umask(0o026)
    try:
        bench.executor().run(bench.plan("a.mp4"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((bench.out / "a.mp4").stat().st_mode) == 0o640


def test_within_a_running_loop(bench) -> None:
    threads: list[str] = []

    async def main() -> ExecutionResult:
        return bench.executor().run(
            bench.plan("a.mp4"), on_event=lambda _: threads.append(threading.current_thread().name)
        )

    result = asyncio.run(main())
    assert result.outputs["a"].size > 0
    assert set(threads) == {"mediapipeline-run"}

    async def failing() -> None:
        bench.executor().run(bench.plan("a.mp4"))

    with pytest.raises(OutputError, match="exists already"):
        asyncio.run(failing())
    bench.assert_left("a.mp4")


def test_a_workspace_is_kept_for_those_who_look(bench) -> None:
    broken = bench.plan("a.mp4", outputs=(bench.output("a.mp4", expectation=Expectation(covers=3)),))
    with pytest.raises(OutputError):
        bench.executor(keep_workspace="on_failure").run(broken)
    (kept,) = bench.out.iterdir()
    assert kept.name.startswith(".mediapipeline-kept-")
    assert (kept / "final-0.mp4").stat().st_size > 0
    bench.executor(keep_workspace="on_failure").run(bench.plan("a.mp4"))
    assert sorted(entry.name for entry in bench.out.iterdir()) == [kept.name, "a.mp4"]


def test_to_make_an_executor_touches_nothing() -> None:
    Executor(ffmpeg="/no/such/ffmpeg", base_dir="/no/such/folder")


def test_a_range_of_times_is_held_to(bench) -> None:
    late = attrs.evolve(bench.loose("video", "audio"), duration=Range(Fraction(5), Fraction(6)))
    with pytest.raises(OutputError, match="duration: planned 5 to 6 s, found 1"):
        bench.executor().run(bench.plan("a.mp4", outputs=(bench.output("a.mp4", expectation=late),)))
    bench.assert_left()
