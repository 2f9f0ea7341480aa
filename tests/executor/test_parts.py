from __future__ import annotations

import asyncio
from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.errors import ExecutionError
from mediapipeline.executor import events
from mediapipeline.executor.binding import limit_threads, share_threads
from mediapipeline.executor.events import Event, RunFailed, StepProgress, event_from_dict
from mediapipeline.executor.gauge import Gauge
from mediapipeline.executor.log import FrameCounts, frame_counts, notable
from mediapipeline.executor.meter import RunMeter
from mediapipeline.executor.waiting import in_thread, together
from mediapipeline.ffmpeg.command import Command, InputFile, OutputFile
from mediapipeline.ffmpeg.filtergraph import Chain, Filter, FilterGraph, InputStream, Label
from mediapipeline.ffmpeg.progress import Progress
from mediapipeline.media.values import from_dict, to_dict
from mediapipeline.steps.resources import Resources
from mediapipeline.steps.step import CutCuesStep, FFmpegStep

IN = InputFile(file="source:in", demuxers=("mov",))


def copy(*options: tuple[str, str]) -> Command:
    return Command(
        inputs=(IN, IN),
        outputs=(
            OutputFile(file="final:a", muxer="mp4", maps=(InputStream(0, 0), InputStream(1, 1)), options=options),
        ),
    )


# Threads


def test_threads_are_limited_where_something_is_coded() -> None:
    limited = limit_threads(copy(("c:0", "copy"), ("c:1", "aac")), 2)
    assert [source.options for source in limited.inputs] == [(), (("threads", "2"),)]
    assert limited.outputs[0].options[-1] == ("threads", "2")
    assert dict(limited.options) == {"filter_threads": "2", "filter_complex_threads": "2"}


@pytest.mark.parametrize("options", [(("c", "copy"),), (("c:0", "copy"), ("c:1", "copy"))])
def test_copies_have_no_threads(options: tuple[tuple[str, str], ...]) -> None:
    limited = limit_threads(copy(*options), 2)
    assert [source.options for source in limited.inputs] == [(), ()]
    assert limited.outputs[0].options == options


def test_what_a_plan_says_of_threads_stands() -> None:
    said = attrs.evolve(copy(("threads", "7")), options=(("filter_threads", "7"),))
    limited = limit_threads(said, 2)
    assert limited.outputs[0].options == (("threads", "7"),)
    assert limited.options == (("filter_threads", "7"), ("filter_complex_threads", "2"))


@pytest.mark.parametrize(("cores", "given"), [(16, ["12", "4", "2"]), (4, ["3", "2", "2"]), (3, [None] * 3)])
def test_outputs_of_one_process_divide_its_threads(cores: int, given: list[str | None]) -> None:
    (output,) = copy(("c:0", "libx264"), ("c:1", "copy")).outputs
    command = attrs.evolve(copy(), outputs=(output, output, output, attrs.evolve(output, options=(("c", "copy"),))))
    shares = (Fraction(3, 4), Fraction(1, 4) - Fraction(1, 100), Fraction(1, 100), Fraction(0))
    shared = share_threads(command, cores, shares)
    assert [dict(each.options).get("threads") for each in shared.outputs] == [*given, None]
    assert share_threads(command, cores, ()) is command


def test_the_inputs_of_a_graph_are_decoded() -> None:
    graph = FilterGraph((Chain((InputStream(1, 0),), (Filter("hflip"),), (Label("v1"),)),))
    output = OutputFile(file="final:a", muxer="mp4", maps=(Label("v1"),), options=(("c", "libx264"),))
    limited = limit_threads(Command(inputs=(IN, IN), graph=graph, outputs=(output,)), 1)
    assert [source.options for source in limited.inputs] == [(), (("threads", "1"),)]


# The log

LOG = """\
[info] Input #0, mov, from 'a.mp4':
[in#0/mov @ 0x1] [verbose]   Input stream #0:0 (video): 100 packets read (1 bytes); 90 frames decoded; 0 decode errors;
[verbose]   Input stream #0:1 (audio): 189 packets read (1 bytes); 188 frames decoded (192512 samples);
[out#0/mp4 @ 0x38ffc4c0] [verbose]   Output stream #0:0 (video): 100 frames encoded; 100 packets muxed (1 bytes);
[verbose]   Output stream #0:1 (audio): 188 frames encoded (1 samples); 188 packets muxed (1 bytes);
[verbose]   Output stream #1:0 (video): 20 frames encoded; 20 packets muxed (1 bytes);
[h264 @ 0x55] [warning] number of reference frames exceeds max
    Last message repeated 3 times
[Parsed_null_0 @ 0x55] [info] nothing
    of importance
[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] Error submitting packet to decoder
"""


def test_frames_of_pictures_are_counted() -> None:
    assert frame_counts(LOG) == FrameCounts(90, 120)
    assert frame_counts("") == FrameCounts(None, None)
    copied = "[verbose]   Input stream #0:0 (video): 7 packets read (1 bytes); \n"
    assert frame_counts(copied) == FrameCounts(0, None)


MEASURED = """\
[info]   Stream #0:0[0x1](und): Video: h264 (High), yuv420p, 64x48
[info]   Stream #0:1[0x2](und): Audio: aac (LC), 48000 Hz, mono
[info] Stream mapping:
[info]   Stream #0:{used} (aac) -> ebur128:default (graph 0)
[info]   ebur128:out0 (graph 0) -> Stream #0:0 (pcm_s16le)
[info]   Stream #0:0: Audio: pcm_s16le, 48000 Hz
"""


def test_what_takes_sound_alone_decodes_no_pictures() -> None:
    assert frame_counts(MEASURED.format(used=1)) == FrameCounts(0, 0)
    assert frame_counts(MEASURED.format(used=0)) == FrameCounts(None, None)


def test_people_are_told_of_warnings_and_worse() -> None:
    assert notable(LOG).splitlines() == [
        "[h264 @ 0x55] [warning] number of reference frames exceeds max",
        "    Last message repeated 3 times",
        "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] Error submitting packet to decoder",
    ]
    assert notable("ffmpeg: error while loading shared libraries") == "ffmpeg: error while loading shared libraries"


# Progress


def step(name: str, cpu: int | None = None, duration: int | None = None) -> FFmpegStep:
    resources = Resources(cpu_seconds=None if cpu is None else Fraction(cpu))
    length = None if duration is None else Fraction(duration)
    return FFmpegStep(id=name, title=name, command=copy(), duration=length, resources=resources)


def test_the_run_is_weighted_by_what_its_steps_cost() -> None:
    cues = CutCuesStep(id="c", title="c", source="work:a", target="work:b", start=Fraction(0), end=None)
    meter = RunMeter([step("a", cpu=3, duration=10), step("b", cpu=1, duration=10), cues])
    meter.start("a", 100.0)
    report = meter.progress("a", Progress(frame=5, out_time=Fraction(5), speed=2.0), 102.0)
    assert (report.frame, report.speed, report.fraction, report.eta) == (5, 2.0, 0.5, 2.0)
    assert report.run_fraction == 0.375
    assert report.run_eta == pytest.approx(2 * 0.625 / 0.375)
    assert meter.finish("a") == 0.75
    assert meter.finish("c") == 0.75
    assert meter.finish("b") == 1.0


def test_what_is_not_known_is_not_guessed() -> None:
    meter = RunMeter([step("a"), step("b", cpu=5)])
    meter.start("a", 0.0)
    report = meter.progress("a", Progress(out_time=Fraction(5)), 1.0)
    assert (report.fraction, report.eta, report.run_fraction, report.run_eta) == (None, None, 0.0, None)
    assert meter.finish("a") == 0.5  # of equal weight, since not every one has a cost


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.fractions(0, 40)), st.booleans()), max_size=40)
)
def test_progress_never_goes_back(reports: list[tuple[str, Fraction | None, bool]]) -> None:
    meter = RunMeter([step("a", cpu=1, duration=10), step("b", cpu=0, duration=20), step("c", cpu=9)])
    before = 0.0
    for now, (name, time, done) in enumerate(reports):
        event = meter.progress(name, Progress(out_time=time, done=done), float(now))
        assert before <= event.run_fraction <= 1
        assert event.fraction is None or 0 <= event.fraction <= 1
        assert event.eta is None or event.eta >= 0
        before = event.run_fraction


# Events


def test_events_in_json() -> None:
    event = StepProgress(step="a", out_time=Fraction(1001, 30000), run_fraction=0.5)
    assert event.to_dict() == {"kind": "step-progress", "step": "a", "out_time": "1001/30000", "run_fraction": 0.5}
    failed = RunFailed(error={"type": "OutputError", "differences": ["x"]})
    for each in (event, failed, events.Warning(text="t", subject="s")):
        assert event_from_dict(each.to_dict()) == each
    with pytest.raises(ValueError, match="unknown kind 'nonsense'"):
        event_from_dict({"kind": "nonsense"})

    @attrs.frozen
    class Holder:
        events: tuple[Event, ...]

    Holder.__annotations__["events"] = tuple[Event, ...]
    attrs.resolve_types(Holder, globals(), locals())
    holder = Holder((event, failed))
    assert from_dict(Holder, to_dict(holder)) == holder


# Bounds over all processes


def test_processes_share_the_memory(tmp_path) -> None:
    gauge = Gauge(max_memory=100, max_output_size=None, finals=[])
    gauge.memory("a", 60)
    gauge.memory("b", 40)
    gauge.memory("a", 120)  # too much by itself: for its own limits
    gauge.memory("a", 0)
    gauge.memory("b", 90)
    with pytest.raises(ExecutionError, match="more memory than the 100 bytes"):
        gauge.memory("a", 20)


# Waiting


def test_a_thread_is_waited_for_however_often_one_is_cancelled(until) -> None:
    import threading

    go = threading.Event()
    done: list[bool] = []

    def work() -> str:
        go.wait(20)
        done.append(True)
        return "result"

    async def main() -> None:
        for heed in (True, False):
            go.clear()
            done.clear()
            task = asyncio.create_task(in_thread(work, heed=heed))
            for _ in range(3):
                await asyncio.sleep(0.01)
                task.cancel()
            await asyncio.sleep(0.01)
            assert not task.done()
            go.set()
            if heed:
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                assert await task == "result"
            assert done

    asyncio.run(main())


def test_the_first_failure_ends_the_others() -> None:
    ended: list[str] = []

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append("waiting")

    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            await together(wait(), fail(), wait())
        assert ended == ["waiting", "waiting"]

    asyncio.run(main())
