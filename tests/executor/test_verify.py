from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest

from mediapipeline.errors import OutputError
from mediapipeline.executor.compare import checks, differences, late
from mediapipeline.executor.events import Event, StepFinished
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.executor.verify import Verifier
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, DataStream, VideoStream
from mediapipeline.steps.expectation import Expectation, Range, StreamExpectation
from outcomes import ffmpeg

VIDEO = VideoStream(
    index=0, codec="h264", width=640, height=360, frame_rate=Fraction(25), pix_fmt="yuv420p", start=Fraction(0),
    duration=Fraction(4),
)  # fmt: skip
AUDIO = AudioStream(index=1, codec="aac", sample_rate=48000, channels=2, start=Fraction(0), duration=Fraction(4))
MEDIA = MediaInfo(
    format="mov,mp4,m4a,3gp,3g2,mj2", duration=Fraction(4), start=Fraction(0), video=VIDEO, audio=(AUDIO,),
    data=(DataStream(index=2, codec="bin_data"),),
)  # fmt: skip
AROUND = Range.around(Fraction(4), Fraction(1, 20))
PLANNED = Expectation(
    demuxer="mov",
    streams=(
        StreamExpectation(
            kind="video", codec="h264", width=640, height=360, frame_rate=Fraction(25), pix_fmt="yuv420p", end=AROUND
        ),
        StreamExpectation(kind="audio", codec="aac", sample_rate=48000, channels=2, end=AROUND),
    ),
    duration=AROUND,
)


def test_what_was_planned_does_not_differ() -> None:
    assert differences(PLANNED, MEDIA) == []
    assert checks(PLANNED, MEDIA) == [
        "the container is mov,mp4,m4a,3gp,3g2,mj2",
        "streams: video h264 640x360 25 fps yuv420p; audio aac 48000 Hz 2 channels",
        "every stream ends when it should",
        "duration 4 s, planned 3.95 to 4.05 s",
    ]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("codec", "hevc", "planned codec h264, found codec hevc"),
        ("width", 1280, "planned 640x360, found 1280x360"),
        ("height", 720, "planned 640x360, found 640x720"),
        ("frame_rate", Fraction(30), "planned 25 frames per second, found 30"),
        ("pix_fmt", "yuv444p", "planned pixel format yuv420p, found pixel format yuv444p"),
        ("duration", Fraction(2), "planned to end at 3.95 to 4.05 s, ends at 2 s"),
    ],
)
def test_a_picture_that_differs(field: str, value: Any, said: str) -> None:
    found = attrs.evolve(MEDIA, video=attrs.evolve(VIDEO, **{field: value}))
    assert differences(PLANNED, found) == [f"stream 0 (video): {said}"]
    nothing = Expectation(streams=tuple(StreamExpectation(kind=stream.kind) for stream in PLANNED.streams))
    assert differences(nothing, found) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("codec", "mp3", "planned codec aac, found codec mp3"),
        ("sample_rate", 44100, "planned 48000 Hz, found 44100 Hz"),
        ("channels", 1, "planned 2 channels, found 1 channels"),
    ],
)
def test_sound_that_differs(field: str, value: Any, said: str) -> None:
    found = attrs.evolve(MEDIA, audio=(attrs.evolve(AUDIO, **{field: value}),))
    assert differences(PLANNED, found) == [f"stream 1 (audio): {said}"]


def test_the_whole_differs() -> None:
    assert differences(PLANNED, attrs.evolve(MEDIA, format="matroska,webm")) == [
        "container: planned mov, found matroska,webm"
    ]
    assert differences(PLANNED, attrs.evolve(MEDIA, audio=())) == ["streams: planned 2 (video, audio), found 1 (video)"]
    swapped = attrs.evolve(MEDIA, video=attrs.evolve(VIDEO, index=1), audio=(attrs.evolve(AUDIO, index=0),))
    assert differences(PLANNED, swapped) == ["streams: planned 2 (video, audio), found 2 (audio, video)"]
    cover = attrs.evolve(MEDIA, covers=(attrs.evolve(VIDEO, index=3),))
    assert differences(PLANNED, cover) == ["attached pictures: planned 0, found 1"]
    assert differences(PLANNED, attrs.evolve(MEDIA, duration=Fraction(5))) == [
        "duration: planned 3.95 to 4.05 s, found 5 s"
    ]


def test_the_unknown_is_not_compared_and_the_measured_stands_in() -> None:
    alone = MediaInfo(format="aac", audio=(attrs.evolve(AUDIO, index=0, duration=None),))
    planned = Expectation(streams=PLANNED.streams[1:], duration=AROUND)
    assert differences(planned, alone) == []
    assert differences(planned, alone, reached=Fraction(4)) == []
    assert len(differences(planned, alone, reached=Fraction(2))) == 2


def test_what_is_planned_to_begin_late() -> None:
    """Of formats whose times begin anywhere, the plan tells how late; of others, the file, and never more than that."""
    around = Range.around(Fraction(6), Fraction(1, 20))
    planned = Expectation(streams=(StreamExpectation(kind="video", end=around),), duration=around, start=Fraction(2))
    video = attrs.evolve(VIDEO, start=Fraction(2))
    mp4 = MediaInfo(format="mov", start=Fraction(2), duration=Fraction(4), video=video)
    ts = MediaInfo(
        format="mpegts", start=Fraction(7, 2), duration=Fraction(4), video=attrs.evolve(VIDEO, start=Fraction(7, 2))
    )
    for found in (mp4, ts):
        assert (differences(planned, found), late(planned, found)) == ([], 2)
        assert late(attrs.evolve(planned, start=Fraction(0)), found) == 0
        assert found.video is not None
        short = attrs.evolve(found, duration=Fraction(2), video=attrs.evolve(found.video, duration=Fraction(2)))
        assert len(differences(planned, short)) == 2
    assert late(planned, attrs.evolve(mp4, start=Fraction(1))) == 1
    assert late(planned, attrs.evolve(mp4, start=Fraction(-1, 50))) == 0


@pytest.mark.parametrize(("lasts", "same"), [(Fraction(3, 10), True), (Fraction(4), False)])
def test_a_rate_is_as_exact_as_the_clock_tells_it(lasts: Fraction, same: bool) -> None:
    """0.3 s of 5550/223 frames per second are, to the millisecond, frames of 25."""
    video = attrs.evolve(VIDEO, time_base=Fraction(1, 1000), duration=lasts)
    planned = Expectation(streams=(StreamExpectation(kind="video", frame_rate=Fraction(5550, 223)),))
    found = differences(planned, MediaInfo(format="matroska,webm", video=video))
    assert (found == []) is same, found


def test_pictures_that_are_lost_at_the_beginning() -> None:
    late = attrs.evolve(MEDIA, video=attrs.evolve(VIDEO, start=Fraction(1)))
    stream = attrs.evolve(PLANNED.streams[0], begins_by=Fraction(1, 20))
    planned = attrs.evolve(PLANNED, streams=(stream, *PLANNED.streams[1:]))
    assert differences(planned, MEDIA) == []
    assert "stream 0 (video): planned to begin by 0.05 s, begins at 1 s" in differences(planned, late)


def test_a_transport_stream_begins_when_it_likes() -> None:
    start = Fraction(7, 5)
    video, audio = attrs.evolve(VIDEO, start=start), attrs.evolve(AUDIO, start=start)
    shifted = attrs.evolve(MEDIA, format="mpegts", start=start, video=video, audio=(audio,), data=())
    assert differences(attrs.evolve(PLANNED, demuxer="mpegts"), shifted) == []


# On files


def spoiled(bench, name: str, spoil, *, streams=(), **options) -> ExecutionResult:
    """Runs a plan whose output is spoiled before it is looked at; *streams* are those that are planned."""

    def on_event(event: Event) -> None:
        if isinstance(event, StepFinished):
            (file,) = bench.out.glob(".mediapipeline-*/final-0.*")
            spoil(file)

    maps = bench.step(name).command.outputs[0].maps
    audio_only = Path(name).suffix in {".aac", ".wav", ".mp3"}
    step = bench.step(
        name, maps=maps[1:] if audio_only else maps, input_options=(("stream_loop", "3"),),
        output_options=(("c", "copy"),) if Path(name).suffix not in {".wav", ".mp3"} else (),
    )  # fmt: skip
    kinds = ("audio",) if audio_only else ("video", "audio")
    planned = attrs.evolve(bench.loose(*kinds), duration=Range.around(Fraction(4), Fraction(1, 5)))
    planned = attrs.evolve(planned, streams=streams or planned.streams)
    plan = bench.plan(steps=(step,), outputs=(bench.output(name, expectation=planned),))
    return bench.executor(**options).run(plan, on_event=on_event)


NAMES = ["a.mp4", "a.mkv", "a.ts", "a.aac", "a.wav", "a.mp3"]


def readable(bench, name: str) -> None:
    if bench.engine.ffmpeg.parent.name.startswith("ffmpeg-7.0") and name == "a.ts":
        pytest.skip("the static build of 7.0 crashes when it reads a transport stream")


@pytest.mark.parametrize("name", NAMES)
def test_a_good_file(bench_of_each, name: str) -> None:
    readable(bench_of_each, name)
    result = spoiled(bench_of_each, name, lambda file: None)
    assert result.outputs["a"].checks[-1] == "every packet was read without an error"
    bench_of_each.assert_left(name)


@pytest.mark.parametrize("name", NAMES)
def test_half_a_file(bench_of_each, name: str) -> None:
    readable(bench_of_each, name)

    def cut(file: Path) -> None:
        with file.open("r+b") as open_file:
            open_file.truncate(file.stat().st_size // 2)

    with pytest.raises(OutputError) as caught:
        spoiled(bench_of_each, name, cut)
    assert caught.value.output == "a"
    assert caught.value.differences
    bench_of_each.assert_left()


@pytest.mark.parametrize(("few", "processes"), [(6000, 0), (-1, 1)])
def test_a_short_file_is_read_by_the_process_that_probes_it(
    bench, few: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not processes and default_engine().binaries.ffprobe is None:
        pytest.skip("there is no ffprobe here")
    read: list[Path] = []
    look = Verifier._read

    async def counted(self: Verifier, output: Any, file: Path, *rest: Any, **more: Any) -> Any:
        read.append(file)
        return await look(self, output, file, *rest, **more)

    monkeypatch.setattr(Verifier, "_read", counted)
    monkeypatch.setattr("mediapipeline.executor.verify._FEW", few)
    spoiled(bench, "a.mp4", lambda file: None)
    assert len(read) == processes

    def cut(file: Path) -> None:
        with file.open("r+b") as open_file:
            open_file.truncate(file.stat().st_size * 9 // 10)

    with pytest.raises(OutputError) as caught:
        spoiled(bench, "b.mkv", cut)
    assert caught.value.differences


@pytest.mark.parametrize("thoroughness", ["standard", "full"])
@pytest.mark.parametrize("few", [6000, -1], ids=["by one process", "by two"])
def test_a_picture_that_a_header_tells_of_but_is_empty(
    bench_of_each, few: int, thoroughness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediapipeline.executor.verify._FEW", few)
    with pytest.raises(OutputError) as caught:
        spoiled(bench_of_each, "a.mkv", emptied(bench_of_each, 0), verify=thoroughness)
    if thoroughness == "standard":  # else it says that a picture that is not there cannot be decoded
        assert "there is nothing in its video" in caught.value.differences
    bench_of_each.assert_left()


@pytest.mark.parametrize("few", [6000, -1], ids=["by one process", "by two"])
@pytest.mark.parametrize("known", [True, False])
def test_sound_may_only_be_empty_where_nobody_knew_when_it_ends(
    bench_of_each, known: bool, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediapipeline.executor.verify._FEW", few)
    streams = [StreamExpectation(kind="video"), StreamExpectation(kind="audio", end=AROUND if known else None)]
    empty = emptied(bench_of_each, 1)
    if not known:
        spoiled(bench_of_each, "a.mkv", empty, streams=tuple(streams))
        bench_of_each.assert_left("a.mkv")
        return
    with pytest.raises(OutputError) as caught:
        spoiled(bench_of_each, "a.mkv", empty, streams=tuple(streams))
    assert "there is nothing in its audio" in caught.value.differences
    bench_of_each.assert_left()


def emptied(bench, stream: int) -> Callable[[Path], None]:
    """What leaves a file with no packet of *stream*."""

    def empty(file: Path) -> None:
        left = file.with_name("left.mkv")
        nothing = [f"-bsf:{stream}", "noise=drop=1"]
        told = ["-metadata", "title=Input stream #0:0 (video): 0 packets read (0 bytes)"]
        ffmpeg(bench.engine, "-i", str(file), "-map", "0", "-c", "copy", *nothing, *told, str(left))
        left.replace(file)

    return empty


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda file: file.unlink(), "was not written"),
        (lambda file: file.write_bytes(b""), "is empty"),
        (lambda file: file.write_bytes(b"#EXTM3U\n/etc/passwd\n"), "cannot be read"),
        (lambda file: file.write_bytes(bytes(5000)), "cannot be read"),
    ],
)
def test_no_file_at_all(bench, spoil, match: str) -> None:
    with pytest.raises(OutputError, match=match):
        spoiled(bench, "a.mp4", spoil)
    bench.assert_left()


def test_only_full_verification_sees_a_damaged_picture(bench_of_each) -> None:
    def damage(file: Path) -> None:
        data = bytearray(file.read_bytes())
        start = data.index(b"mdat") + 4
        for at in range(start + 3000, len(data) - 6000, 61):
            data[at] ^= 0xFF
        file.write_bytes(data)

    with pytest.raises(OutputError, match="cannot be decoded without errors") as caught:
        spoiled(bench_of_each, "a.mp4", damage, verify="full")
    assert 1 <= len(caught.value.differences) <= 5
    bench_of_each.assert_left()
    result = spoiled(bench_of_each, "a.mp4", lambda file: None, verify="full", cpus=1)
    assert result.outputs["a"].checks[-1] == "every frame was decoded without an error"


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
def test_names_with_meanings(bench) -> None:
    odd = bench.out / "100%03d [x];,' \\ä" / "-x.mp4"
    odd.parent.mkdir()
    plan = bench.plan("a.mp4", outputs=(bench.output("a.mp4", destination=str(odd)),))
    bench.executor().run(plan)
    assert [entry.name for entry in odd.parent.iterdir()] == ["-x.mp4"]
