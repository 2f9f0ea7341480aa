"""A smart cut is frame for frame the part that was asked for, copied in the middle: on every FFmpeg, by other means.

The outputs are looked at by PyAV and by every FFmpeg's decoder, not by the library.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import av
import pytest

from mediapipeline import Executor, Planner
from mediapipeline.errors import PlanningError
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.planner.plan import ProcessingPlan
from outcomes import differences

_ALIKE = 0.98
_PLAIN = ("-pix_fmt", "yuv420p")


class Clip(NamedTuple):
    suffix: str
    rate: str
    options: tuple[str, ...]
    late: str = "0"
    sound: str = "aac"
    pix_fmt: str = "yuv420p"


CLIPS = {
    "mp4": Clip("mp4", "25", ("-g", "25")),
    "mp4-film": Clip("mp4", "24000/1001", ("-g", "24")),
    "mp4-flat-b": Clip("mp4", "60000/1001", ("-g", "50", "-bf", "2", "-b-pyramid", "none")),
    "mp4-coarse": Clip("mp4", "30", ("-g", "12", "-bf", "0", "-profile:v", "baseline", "-video_track_timescale", "30")),
    "mp4-full-range": Clip("mp4", "25", ("-g", "20"), pix_fmt="yuvj420p"),
    "mov-late": Clip("mov", "30000/1001", ("-g", "30"), late="2"),
    "mkv": Clip("mkv", "25", ("-g", "25")),
    "mkv-film": Clip("mkv", "24000/1001", ("-g", "24")),
    "ts": Clip("ts", "25", ("-g", "25")),
    "ts-flat-b": Clip("ts", "24000/1001", ("-g", "24", "-bf", "2", "-b-pyramid", "none"), late="3"),
    "ts-starts-over": Clip("ts", "25", ("-g", "25"), late="95437.9"),
}


def make(name: str, folder: Path, engine: Engine) -> Path:
    clip = CLIPS[name]
    path = folder / f"in.{clip.suffix}"
    run(
        engine, "-f", "lavfi", "-i", f"testsrc2=size=96x64:rate={clip.rate}:duration=6", "-f", "lavfi", "-i",
        "sine=frequency=300:sample_rate=48000:duration=6", "-c:v", "libx264", "-preset", "veryfast", "-c:a", clip.sound,
        "-pix_fmt", clip.pix_fmt, "-output_ts_offset", clip.late, *clip.options, str(path),
    )  # fmt: skip
    return path


_HARMLESS = ("deprecated pixel format", "buffers queued")  # FFmpeg 9.0 says how far one of several files is ahead


def run(engine: Engine, *arguments: str) -> str:
    """What FFmpeg prints; it complains of nothing."""
    command = [str(engine.ffmpeg), "-v", "warning", "-nostdin", "-y", *arguments]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=120, env=environment(Path(tempfile.gettempdir()))
    )
    said = [line for line in done.stderr.splitlines() if not any(word in line for word in _HARMLESS)]
    assert not said, f"{' '.join(command)}\n{said[:5]}"
    return done.stdout


def hashes(engine: Engine, path: Path) -> list[str]:
    text = run(engine, "-i", str(path), "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5", "-")
    return [line.rsplit(",", 1)[1].strip() for line in text.splitlines() if not line.startswith("#")]


def packets(path: Path) -> tuple[list[Fraction], list[Fraction]]:
    """Times of showing, in order, and of decoding, as they come; from the start of the file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [p for p in container.demux(stream) if p.pts is not None]
        base = stream.time_base or Fraction(0)
        start = Fraction(container.start_time or 0, 1_000_000)
        shown = sorted(p.pts * base - start for p in found if p.pts is not None)
        return shown, [p.dts * base for p in found if p.dts is not None]


def planned(
    source: Path,
    destination: str,
    engine: Engine,
    codec: dict[str, str] | None = None,
    *,
    strategy: str = "preferred",
    **options: Any,
) -> ProcessingPlan:
    job = {
        "inputs": [{"id": "in", "source": source.name}],
        "operations": [{"op": "trim", "input": "in", "output": "out", "params": options}],
        "outputs": [{"id": "out", "destination": destination} | ({} if codec is None else {"codec": codec})],
    }
    return Planner(base_dir=source.parent, ffmpeg=engine.ffmpeg, strategies={"smart_cut": strategy}).plan(job)


def smart_cut(
    source: Path, destination: str, engine: Engine, codec: dict[str, str] | None = None, **options: Any
) -> ProcessingPlan:
    plan = planned(source, destination, engine, codec, **options)
    result = Executor(base_dir=source.parent, ffmpeg=engine.ffmpeg, verify="full").run(plan, overwrite=True)
    found = differences(plan.output("out"), result.outputs["out"].media)
    assert not found, f"{found}\n{plan.explain()}"
    # Of a transport stream decoders read from anywhere on, and complain of frames that nobody wants.
    assert not result.warnings or source.suffix == ".ts"
    return plan


def copied(plan: ProcessingPlan) -> tuple[int, int]:
    """Frames that are copied, and all."""
    reason = plan.output("out").streams[0].reason
    match = re.match(r"(\d+) of (\d+) frames", reason)
    assert match, reason
    return int(match[1]), int(match[2])


def check(source: Path, output: Path, plan: ProcessingPlan, engine: Engine, start: str, end: str | None) -> None:
    """*output* is the part [start, end) of *source*, with a middle that is bit for bit the same."""
    shown, _ = packets(source)
    low, high = Fraction(start), None if end is None else Fraction(end)
    kept = [at for at, time in enumerate(shown) if time >= low and (high is None or time < high)]
    count, total = copied(plan)
    assert total == len(kept)
    rate = plan.inputs[0].media.video.frame_rate  # type: ignore[union-attr]  # every clip has a picture
    assert rate is not None
    times, decoded = packets(output)
    assert len(times) == total
    tick = Fraction(3, 2000) if output.suffix == ".mkv" or source.suffix == ".mkv" else Fraction(1, 40_000)
    assert all(abs(b - a - 1 / rate) <= tick for a, b in pairwise(times)), "there is a gap"
    assert all(a < b for a, b in pairwise(decoded)), "decoding goes back in time"
    frames, originals = hashes(engine, output), hashes(engine, source)[kept[0] : kept[-1] + 1]
    same = [a == b for a, b in zip(frames, originals, strict=True)]
    longest = max(len(run_) for run_ in re.findall("1+", "".join("01"[each] for each in same)))
    assert longest >= count, f"{longest} frames in a row are the same, and {count} were to be copied"
    check_likeness(engine, output, [(source, kept[0], kept[-1] + 1)])


def check_likeness(engine: Engine, output: Path, parts: Sequence[tuple[Path, int, int]]) -> None:
    """Every frame of *output* is like that of *parts*: of a file, from a frame on to before another."""
    alike = ssim(engine, output, parts)
    assert len(alike) == sum(end - first for _, first, end in parts)
    assert min(alike) >= _ALIKE, [round(each, 3) for each in alike]


def ssim(engine: Engine, output: Path, parts: Sequence[tuple[Path, int, int]]) -> list[float]:
    sources = [word for source, _, _ in parts for word in ("-i", str(source))]
    chains = ["[0:v:0]settb=1/25,setpts=N[a]"]
    for at, (_, first, end) in enumerate(parts, 1):
        chains.append(f"[{at}:v:0]trim=start_frame={first}:end_frame={end},settb=1/25,setpts=N[p{at}]")
    labels = "".join(f"[p{at}]" for at in range(1, len(parts) + 1))
    whole = f"concat=n={len(parts)}" if len(parts) > 1 else "null"
    chains += [f"{labels}{whole},settb=1/25,setpts=N[b]", "[a][b]ssim=stats_file=-[c]"]
    clock = ["-map", "[c]", "-enc_time_base", "1/25", "-fps_mode", "passthrough"]
    graph = ";".join(chains)
    text = run(engine, "-i", str(output), *sources, "-filter_complex", graph, *clock, "-f", "null", "-")
    return [float(each) for each in re.findall(r"All:([\d.]+)", text)]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("mp4", "mp4"), ("mp4", "mkv"), ("mp4-film", "mkv"), ("mp4-flat-b", "ts"), ("mp4-coarse", "mp4"),
        ("mp4-full-range", "mp4"), ("mov-late", "mov"), ("mkv", "mkv"), ("mkv-film", "mp4"), ("mkv-film", "mkv"),
        ("ts", "ts"), ("ts-flat-b", "mp4"), ("ts", "mkv"),
    ],
)  # fmt: skip
def test_part_is_the_part(name: str, suffix: str, tmp_path: Path, engine: Engine) -> None:
    source = make(name, tmp_path, engine)
    plan = smart_cut(source, f"out.{suffix}", engine, start="1.53s", end="5.29s")
    check(source, tmp_path / f"out.{suffix}", plan, engine, "1.53", "5.29")
    assert 0 < copied(plan)[0] < copied(plan)[1]


@pytest.mark.parametrize(
    ("start", "end", "all_but"),
    [("2", "4", 0), ("2", "4.2", 5), ("1.8", "4", 5), ("0", "3.48", 12), ("1.48", None, 13), ("2", None, 0)],
)
@pytest.mark.parametrize("name", ["mp4"])
def test_bounds_on_key_frames(
    name: str, start: str, end: str | None, all_but: int, tmp_path: Path, default_engine: Engine
) -> None:
    source = make(name, tmp_path, default_engine)
    bounds: dict[str, Any] = {"start": f"{start}s"} | ({} if end is None else {"end": f"{end}s"})
    plan = smart_cut(source, "out.mp4", default_engine, **bounds)
    check(source, tmp_path / "out.mp4", plan, default_engine, start, end)
    count, total = copied(plan)
    assert total - count == all_but
    stream = plan.output("out").streams[0]
    assert stream.edges_encoded == ("the rest encoded" in stream.reason) == (all_but > 0)


@pytest.mark.parametrize(("start", "end"), [("2", "4"), ("1.96", None), ("4", "5.4"), ("0.6", "3.2")])
def test_a_clock_that_starts_over(start: str, end: str | None, tmp_path: Path, engine: Engine) -> None:
    """What comes before is negative to FFmpeg; packets were copied from the first on, as many as were wanted."""
    source = make("ts-starts-over", tmp_path, engine)
    bounds: dict[str, Any] = {"start": f"{start}s"} | ({} if end is None else {"end": f"{end}s"})
    plan = smart_cut(source, "out.mp4", engine, **bounds, strategy="required")
    with av.open(str(source)) as container:
        begin = Fraction(container.start_time or 0, 1_000_000)
        assert begin < -4
    check(source, tmp_path / "out.mp4", plan, engine, start, end)


@pytest.mark.parametrize("muxing", [("-use_editlist", "0"), ("-movflags", "+empty_moov+frag_keyframe")])
def test_an_edge_that_begins_while_a_key_frame_waits(muxing: tuple[str, ...], tmp_path: Path, engine: Engine) -> None:
    """Without an edit list FFmpeg seeks by times of decoding, and took the key frame for the one before the edge."""
    CLIPS["unedited"] = Clip("mp4", "25", ("-g", "25", *muxing))
    source = make("unedited", tmp_path, engine)
    plan = smart_cut(source, "out.mp4", engine, start="1.04s", end="4.2s", strategy="required")
    check(source, tmp_path / "out.mp4", plan, engine, "1.04", "4.2")


def test_a_file_that_begins_between_two_ticks_of_the_picture(tmp_path: Path, engine: Engine) -> None:
    """A frame at just the start of the part, as FFmpeg counts it, was left out."""
    CLIPS["between"] = Clip("mp4", "25", ("-g", "25", "-video_track_timescale", "12800"), late="2.5")
    source = make("between", tmp_path, engine)
    with av.open(str(source)) as container:
        begin = Fraction(container.start_time or 0, 1_000_000)
    assert (begin * 12_800).denominator != 1
    start = Fraction(4) + Fraction(1, 50) - begin
    plan = smart_cut(source, "out.mp4", engine, start=str(start), end="5.29s")
    check(source, tmp_path / "out.mp4", plan, engine, str(start), "5.29")


@pytest.mark.parametrize("strategy", ["preferred", "disabled"])
def test_a_cut_amid_two_frames_begins_where_an_encoded_one_does(
    strategy: str, tmp_path: Path, default_engine: Engine
) -> None:
    source = make("mp4", tmp_path, default_engine)
    smart_cut(source, "out.mp4", default_engine, start="1.54s", end="5.3s", strategy=strategy)
    with av.open(str(tmp_path / "out.mp4")) as container:
        first = next(container.decode(video=0))
        assert first.time == 0.04


def test_what_has_an_index_is_copied_once(tmp_path: Path, engine: Engine) -> None:
    """Only what is encoded becomes a file before the output; a whole that begins with a copy begins at 0."""
    source = make("mp4", tmp_path, engine)
    plan = smart_cut(source, "out.mp4", engine, start="2s", end="4.2s")
    assert [step.id for step in plan.steps] == ["splice-0-edges", "write-out"]
    check(source, tmp_path / "out.mp4", plan, engine, "2", "4.2")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.start_time for stream in container.streams] == [0, 0]


@pytest.mark.parametrize("options", [(), ("-bf", "0"), ("-bf", "2", "-b-pyramid", "none")])
def test_few_frames_between_key_frames(options: tuple[str, ...], tmp_path: Path, engine: Engine) -> None:
    """Three can be encoded by themselves; with two, the group beside them is encoded as well."""
    CLIPS["short"] = Clip("mp4", "25", ("-g", "12", *options))
    source = make("short", tmp_path, engine)
    plan = smart_cut(source, "out.mp4", engine, start="1.32s", end="4.88s")
    check(source, tmp_path / "out.mp4", plan, engine, "1.32", "4.88")
    assert copied(plan) == (72, 89)


@pytest.mark.parametrize(
    "why",
    ["sound first", "another clock", "key frames in a row", "sound stored ahead", "messages on buffering", "refreshed"],
)
def test_what_a_list_would_not_find_becomes_a_file(why: str, tmp_path: Path, default_engine: Engine) -> None:
    plain = make("mp4", tmp_path, default_engine)
    source = tmp_path / "source.mp4"
    encode = ("-c:v", "libx264", *_PLAIN, "-g", "25", "-c:a", "copy")
    options = {
        "sound first": ("-map", "0:a", "-map", "0:v", "-c", "copy"),
        "another clock": ("-c", "copy", "-video_track_timescale", "16001"),
        "key frames in a row": (*encode, "-force_key_frames", "2,2.04,4,4.04"),
        "sound stored ahead": ("-c", "copy", "-audio_preload", "800000"),
        "messages on buffering": (*encode, "-b:v", "300k", "-maxrate", "300k", "-bufsize", "300k", "-nal-hrd", "vbr"),
        "refreshed": (
            *encode, "-x264-params", "intra-refresh=1:bframes=0:ref=1", "-forced-idr", "1", "-force_key_frames", "2,4",
        ),
    }  # fmt: skip
    run(default_engine, "-i", str(plain), *options[why], str(source))
    plan = smart_cut(source, "out.mp4", default_engine, start="1.53s", end="5.29s", strategy="required")
    assert any(step.id == "splice-0-copies" for step in plan.steps)
    check(source, tmp_path / "out.mp4", plan, default_engine, "1.53", "5.29")


def test_a_frame_is_a_tick(tmp_path: Path, engine: Engine) -> None:
    """FFmpeg 9.0 moves what it copies by whole ticks: between two of them, by half a frame."""
    CLIPS["ticks"] = Clip("mp4", "25", ("-g", "25", "-bf", "0", "-video_track_timescale", "25"))
    plain, source = make("ticks", tmp_path, engine), tmp_path / "source.mp4"
    track = ("-video_track_timescale", "25")
    run(engine, "-i", str(plain), "-map", "0:a", "-map", "0:v", "-c", "copy", *track, str(source))
    plan = smart_cut(source, "out.mp4", engine, start="1.32s", end="5.29s")
    check(source, tmp_path / "out.mp4", plan, engine, "1.32", "5.29")


def test_every_key_frame_of_an_edge_can_be_sought(tmp_path: Path, engine: Engine) -> None:
    """A new scene right behind a key frame begins with no IDR picture, which has no parameter sets before it."""
    source, scenes = tmp_path / "in.mp4", "testsrc2=size=96x64:rate=15:duration=8,negate=enable='lt(mod(n,17),8)'"
    encode = ("-c:v", "libx264", *_PLAIN, "-profile:v", "baseline", "-g", "30")
    run(engine, "-f", "lavfi", "-i", scenes, *encode, str(source))
    plan = smart_cut(source, "out.mp4", engine, start="0.2s", end="7.2s")
    check(source, tmp_path / "out.mp4", plan, engine, "0.2", "7.2")
    with av.open(str(tmp_path / "out.mp4")) as container:
        keys = [packet.pts for packet in container.demux(container.streams.video[0]) if packet.is_keyframe]
    for key in keys:
        with av.open(str(tmp_path / "out.mp4")) as container:
            assert key is not None
            container.seek(key, stream=container.streams.video[0])
            assert next(container.decode(video=0)).pts == key


def test_picture_and_sound_begin_together_where_the_clock_is_coarse(tmp_path: Path, engine: Engine) -> None:
    """By its rate the frame would be shown before the part begins, and the next one be the first."""
    CLIPS["milliseconds"] = Clip("mp4", "30000/1001", ("-g", "12", "-bf", "0", "-video_track_timescale", "1000"))
    source = make("milliseconds", tmp_path, engine)
    plan = smart_cut(source, "out.mp4", engine, start="1.702s", end="4.238s")  # its frame 51, at 1.7017 by its rate
    check(source, tmp_path / "out.mp4", plan, engine, "1.702", "4.238")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.start_time for stream in container.streams] == [0, 0]


def test_a_bound_that_is_a_rounded_time_of_a_frame(tmp_path: Path, default_engine: Engine) -> None:
    CLIPS["thirds"] = Clip("mp4", "30", ("-g", "12"))
    source = make("thirds", tmp_path, default_engine)
    plan = smart_cut(source, "out.mp4", default_engine, start="1.366666667s", end="4.433333333s")
    check(source, tmp_path / "out.mp4", plan, default_engine, "1.366666", "4.433333")
    assert copied(plan)[1] == 133 - 41


def test_times_that_are_those_of_decoding_are_not_believed(tmp_path: Path, default_engine: Engine) -> None:
    """So AVI has them, and who copies from it."""
    plain = make("mp4", tmp_path, default_engine)
    source = tmp_path / "source.mp4"
    run(default_engine, "-i", str(plain), "-an", "-c", "copy", "-bsf:v", "setts=ts=N*512", str(source))
    reason = planned(source, "out.mp4", default_engine, start="1.53s", end="5.29s").output("out").streams[0].reason
    assert "no smart cut: its times do not tell in which order frames are shown" in reason


def test_a_first_packet_of_which_no_time_of_decoding_is_told(tmp_path: Path, engine: Engine) -> None:
    """Sought by its time, the key frame after it was found by FFmpeg 9.0: all frames were those of a group later."""
    CLIPS["groups of three"] = Clip("mkv", "8", ("-g", "3", "-bf", "2"))
    plain = make("groups of three", tmp_path, engine)
    source = tmp_path / "source.mkv"
    run(engine, "-ss", "1.23", "-i", str(plain), "-c", "copy", str(source))
    plan = smart_cut(source, "out.mkv", engine, start="0.22s", end="3.72s")
    check(source, tmp_path / "out.mkv", plan, engine, "0.22", "3.72")


@pytest.mark.parametrize("target", ["out.mp4", "out.mkv"])
@pytest.mark.parametrize("codec", ["aac", "mp2"])
def test_sound_begins_the_file_at_time_0(codec: str, target: str, tmp_path: Path, engine: Engine) -> None:
    """FFmpeg 5.1 counts such a stream from its picture where only that is taken, also where times are to be kept."""
    options = ("-g", "12", "-bf", "0", "-muxdelay", "0", "-muxpreload", "0")
    CLIPS["at once"] = Clip("ts", "25", options, sound=codec)
    source = make("at once", tmp_path, engine)
    with av.open(str(source)) as container:
        assert container.start_time == 0
        late = Fraction(container.streams.video[0].start_time or 0, 90_000)
    assert late > 0
    start, end = (f"{float(late + frame * Fraction(1, 25) - Fraction(1, 1000)):.6f}s" for frame in (99, 147))
    plan = smart_cut(source, target, engine, start=start, end=end)
    found, wanted = hashes(engine, tmp_path / target), hashes(engine, source)[99:147]
    same = [a == b for a, b in zip(found, wanted, strict=True)]
    assert sum(same) >= copied(plan)[0] >= 24
    assert not same[0], "the edges are encoded"
    assert not same[-1]


def test_what_is_hidden_is_not_believed(tmp_path: Path, default_engine: Engine) -> None:
    plain = make("mp4", tmp_path, default_engine)
    source = tmp_path / "source.mp4"
    run(default_engine, "-ss", "1.3", "-i", str(plain), "-c", "copy", str(source))
    with pytest.raises(PlanningError, match="no smart cut: its packets are not known"):
        planned(source, "out.mp4", default_engine, start="1.53s", end="4.29s", strategy="required")


def test_every_decoder_plays_it(tmp_path: Path, engine: Engine, default_engine: Engine) -> None:
    """What one version writes, the others decode to the same frames without a word."""
    source = make("mp4", tmp_path, default_engine)
    smart_cut(source, "out.mp4", default_engine, start="0.5s", end="4.7s")
    assert hashes(engine, tmp_path / "out.mp4") == hashes(default_engine, tmp_path / "out.mp4")


def test_sound_is_cut_at_the_sample(tmp_path: Path, engine: Engine) -> None:
    source = make("mp4", tmp_path, engine)
    plan = smart_cut(source, "out.mp4", engine, start="1.53s", end="5.29s")
    assert plan.output("out").streams[1].encoder == "aac"
    with av.open(str(tmp_path / "out.mp4")) as container:
        track = container.streams.audio[0]
        assert track.duration is not None
        assert track.time_base is not None
        assert track.duration * track.time_base == pytest.approx(3.76, abs=0.001)


@pytest.mark.parametrize(
    ("suffix", "start", "end", "options"),
    [
        ("mp4", "1.53", "5.29", ()),
        ("ts", "4.13", "5.87", ()),
        ("ts", "1.53", "5.29", ()),
        ("ts", "0.51", "3.29", ("-bf", "0")),
        ("ts", "0", "3.29", ()),
        ("ts", "1.53", "5.29", ("-filter:a", "adelay=300,atrim=0.3,asetpts=PTS")),
        ("ts", "1.53", "5.29", ("-filter:v", "setpts=PTS+0.4/TB")),
        ("ts", "1.53", "5.29", ("-bf", "0", "-muxdelay", "0", "-muxpreload", "0")),
    ],
)
def test_sound_is_copied_at_whole_packets(
    suffix: str, start: str, end: str, options: tuple[str, ...], tmp_path: Path, engine: Engine
) -> None:
    CLIPS["short"] = Clip(suffix, "25", ("-g", "12", *options))
    source = make("short", tmp_path, engine)
    codec = {"video": "h264", "audio": "copy"}
    plan = smart_cut(source, "out.mp4", engine, codec, start=f"{start}s", end=f"{end}s")
    assert plan.output("out").streams[1].reason == "cut at whole packets"
    low, high = Fraction(start), Fraction(end)
    packet = Fraction(1024, 48000)
    part = [(time, data) for time, data in coded(source) if low - packet / 8 <= time < high + packet / 8]
    wanted = [data for _, data in part]
    found = coded(tmp_path / "out.mp4")
    assert len(wanted) - 1 <= len(found) <= len(wanted)
    at = wanted.index(found[0][1])
    assert at <= 1
    assert wanted[at : at + len(found)] == [data for _, data in found]
    first, _ = packets(tmp_path / "out.mp4")
    heard = found[0][0] - first[0]  # against the first frame, which an output has at a whole frame
    shown = next(time for time in packets(source)[0] if time >= low)
    assert abs(heard - (part[at][0] - shown)) <= Fraction(1, 50)


def coded(path: Path) -> list[tuple[Fraction, bytes]]:
    """The packets of sound, with their times from the start of the file."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        start = Fraction(container.start_time or 0, 1_000_000)
        return [
            (each.pts * (stream.time_base or 0) - start, _without_header(bytes(each)))
            for each in container.demux(stream)
            if each.pts is not None
        ]


def _without_header(data: bytes) -> bytes:
    """AAC as MP4 has it: in a transport stream every packet begins with a header."""
    return data[7:] if data[:1] == b"\xff" and data[1] & 0xF6 == 0xF0 else data


_PARTS = ((8, 69), (78, 147), (25, 100), (6, 13))
"""Frames of a source, not in its order."""


@pytest.mark.parametrize(("suffix", "target"), [("mp4", "mkv"), ("mkv", "ts"), ("ts", "mp4")])
def test_many_parts(suffix: str, target: str, tmp_path: Path, engine: Engine) -> None:
    CLIPS["short"] = Clip(suffix, "25", ("-g", "12"))
    source = make("short", tmp_path, engine)
    shown, originals = packets(source)[0], hashes(engine, source)
    bounds = [tuple(f"{float(shown[frame]) - 0.01:.6f}" for frame in part) for part in _PARTS]
    plan = joined({"in": source.name}, [("in", *part) for part in bounds], f"out.{target}", tmp_path, engine)
    count, total = copied(plan)
    assert count > total / 2
    wanted = [originals[frame] for part in _PARTS for frame in range(*part)]
    times, decoded = packets(tmp_path / f"out.{target}")
    assert len(times) == total == len(wanted)
    assert all(abs(b - a - Fraction(1, 25)) <= Fraction(1, 1000) for a, b in pairwise(times)), "there is a gap"
    assert all(a < b for a, b in pairwise(decoded))
    found = hashes(engine, tmp_path / f"out.{target}")
    assert sum(a == b for a, b in zip(found, wanted, strict=True)) >= count
    check_likeness(engine, tmp_path / f"out.{target}", [(source, *part) for part in _PARTS])


@pytest.mark.parametrize(("frames", "place"), [(1, 0), (2, 0), (1, 1), (2, 2)])
def test_a_part_of_fewer_frames_than_are_reordered(frames: int, place: int, tmp_path: Path, engine: Engine) -> None:
    """Of so few x264 does not tell when they are decoded: what came after was decoded before them."""
    source = make("mp4", tmp_path, engine)
    shown = packets(source)[0]
    parts = [(38, 90), (68, 130)]
    parts.insert(place, (107, 107 + frames))
    bounds = [(str(float(shown[first]) - 0.01), str(float(shown[end]) - 0.01)) for first, end in parts]
    wanted = [("in", *part) for part in bounds]
    joined({"in": source.name}, wanted, "out.mp4", tmp_path, engine, smart_cut="required")
    times, decoded = packets(tmp_path / "out.mp4")
    assert times == [Fraction(at, 25) for at in range(114 + frames)]
    assert {b - a for a, b in pairwise(decoded)} == {Fraction(1, 25)}
    check_likeness(engine, tmp_path / "out.mp4", [(source, *part) for part in parts])


def test_parts_of_a_clock_that_rounds(tmp_path: Path, engine: Engine) -> None:
    """Where a part begins with its picture, the frame may be a part of a tick before that, and stands there alone."""
    source = make("mkv-film", tmp_path, engine)
    shown = packets(source)[0]
    first = [at for at, time in enumerate(shown) if (shown[0] + Fraction(at * 1001, 24_000)) > time and 20 < at < 60]
    parts = [(at, at + 60) for at in first[:2]]
    bounds = [(str(float(shown[low]) - 0.015), str(float(shown[high]) - 0.015)) for low, high in parts]
    wanted = [("in", *part) for part in bounds]
    plan = joined({"in": source.name}, wanted, "out.mp4", tmp_path, engine, smart_cut="required")
    assert 0 < copied(plan)[0] < copied(plan)[1]
    times, _ = packets(tmp_path / "out.mp4")
    assert all(abs(b - a - Fraction(1001, 24_000)) <= Fraction(1, 40_000) for a, b in pairwise(times))
    check_likeness(engine, tmp_path / "out.mp4", [(source, *part) for part in parts])


def joined(
    inputs: dict[str, str],
    parts: Sequence[tuple[str, ...]],
    destination: str,
    folder: Path,
    engine: Engine,
    *,
    smart_cut: str = "preferred",
) -> ProcessingPlan:
    """A smart cut of several parts, done."""
    operations: list[dict[str, Any]] = [
        {"op": "trim", "input": name, "output": f"p{at}", "params": {"start": f"{start}s", "end": f"{end}s"}}
        for at, (name, start, end) in enumerate(parts)
    ]
    operations.append({"op": "concat", "inputs": [each["output"] for each in operations], "output": "out"})
    job = {
        "inputs": [{"id": name, "source": source} for name, source in inputs.items()],
        "operations": operations,
        "outputs": [{"id": "out", "destination": destination}],
    }
    plan = Planner(base_dir=folder, ffmpeg=engine.ffmpeg, strategies={"smart_cut": smart_cut}).plan(job)
    Executor(base_dir=folder, ffmpeg=engine.ffmpeg, verify="full").run(plan)
    return plan


def test_parts_of_two_clips_that_reorder_frames_by_different_numbers(tmp_path: Path, engine: Engine) -> None:
    for name, options in (("one", ("-bf", "0")), ("two", ("-bf", "3"))):
        picture = f"testsrc2=size=96x64:rate=25:duration=5,hue=h={30 * len(name)}"
        command = ["-f", "lavfi", "-i", picture, "-c:v", "libx264", "-profile:v", "high", *_PLAIN, "-g", "12", *options]
        run(engine, *command, str(tmp_path / f"{name}.mp4"))
    parts = [("one", "0.4", "3.8"), ("two", "0.6", "4.6"), ("one", "1.2", "4.8")]
    plan = joined({"one": "one.mp4", "two": "two.mp4"}, parts, "out.mp4", tmp_path, engine)
    count, total = copied(plan)
    assert any(step.title == "count the times of the parts anew" for step in plan.steps)
    originals = {name: hashes(engine, tmp_path / f"{name}.mp4") for name in ("one", "two")}
    frames = [(name, round(float(start) * 25), round(float(end) * 25)) for name, start, end in parts]
    wanted = [frame for name, first, end in frames for frame in originals[name][first:end]]
    found = hashes(engine, tmp_path / "out.mp4")
    assert len(found) == len(wanted) == total
    assert sum(a == b for a, b in zip(found, wanted, strict=True)) >= count
    times, decoded = packets(tmp_path / "out.mp4")
    check_likeness(
        engine, tmp_path / "out.mp4", [(tmp_path / f"{name}.mp4", first, end) for name, first, end in frames]
    )
    assert {b - a for a, b in pairwise(times)} == {Fraction(1, 25)}
    assert all(a < b for a, b in pairwise(decoded))


def test_a_container_that_decodes_far_ahead(tmp_path: Path, engine: Engine) -> None:
    plain = make("ts", tmp_path, engine)
    source = tmp_path / "ahead.ts"
    run(engine, "-i", str(plain), "-c", "copy", "-bsf:v", "setts=pts=PTS:dts=DTS-4*3600", "-f", "mpegts", str(source))
    plan = smart_cut(source, "out.mp4", engine, start="1.53s", end="5.29s")
    check(source, tmp_path / "out.mp4", plan, engine, "1.53", "5.29")


def test_parts_that_differ_are_encoded(tmp_path: Path, default_engine: Engine) -> None:
    for name, profile in (("one", "main"), ("two", "high")):
        picture = "testsrc2=size=96x64:rate=25:duration=4"
        command = ["-f", "lavfi", "-i", picture, "-c:v", "libx264", "-profile:v", profile, *_PLAIN, "-g", "12"]
        run(default_engine, *command, str(tmp_path / f"{name}.mp4"))
    parts = [("one", "0.4", "3.8"), ("two", "0.6", "3.6")]
    inputs = {"one": "one.mp4", "two": "two.mp4"}
    plan = joined(inputs, parts, "out.mp4", tmp_path, default_engine)
    assert "no smart cut: its parts differ in profile" in plan.output("out").streams[0].reason
    with pytest.raises(PlanningError, match="its parts differ in profile"):
        joined(inputs, parts, "out.mp4", tmp_path, default_engine, smart_cut="required")


def test_what_lies_before_the_end_of_a_file_is_told_apart_from_all_of_it(
    tmp_path: Path, default_engine: Engine
) -> None:
    source = make("mp4", tmp_path, default_engine)
    reason = planned(source, "out.mp4", default_engine, start="5.4s").output("out").streams[0].reason
    assert reason == "not copied: cut at an exact time; no smart cut: it lies within one group of pictures"


@pytest.mark.parametrize(
    ("options", "bounds", "why"),
    [
        (("-g", "25", *_PLAIN), ("1.2s", "1.8s"), "it lies within one group of pictures"),
        (("-g", "25", *_PLAIN), ("1.2s", "2.8s"), "it holds no whole group of pictures"),
        (("-g", "50", *_PLAIN), ("1.8s", "4.3s"), "too little of it could be copied"),
        (
            ("-g", "12", *_PLAIN, "-x264-params", "open-gop=1:bframes=3"), ("1.2s", "5.1s"),
            "no key frame in it is an IDR picture (its groups of pictures are open)",
        ),
        (("-g", "12", "-pix_fmt", "yuv444p"), ("1.2s", "5.1s"), "only 4:2:0 of 8 bits"),
        (
            ("-g", "12", *_PLAIN, "-flags", "+ilme+ildct", "-x264-params", "tff=1:weightp=0"), ("1.2s", "5.1s"),
            "not known to be progressive",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_copied_is_encoded_and_the_plan_says_why(
    options: tuple[str, ...], bounds: tuple[str, str], why: str, tmp_path: Path, engine: Engine
) -> None:
    source = tmp_path / "in.mp4"
    picture = "testsrc2=size=96x64:rate=25:duration=6"
    run(engine, "-f", "lavfi", "-i", picture, "-c:v", "libx264", *options, str(source))
    plan = planned(source, "out.mp4", engine, start=bounds[0], end=bounds[1])
    (stream,) = plan.output("out").streams
    assert stream.encoder == "libx264"
    assert why in stream.reason


@pytest.mark.parametrize(
    ("bounds", "frames"), [(("1.8", "4.3"), "50 of 63"), (("0.2", "4.5"), "50 of 108"), (("1", "4.5"), "50 of 88")]
)
def test_required_does_not_ask_what_it_costs(
    bounds: tuple[str, str], frames: str, tmp_path: Path, default_engine: Engine
) -> None:
    CLIPS["long"] = Clip("mp4", "25", ("-g", "50"))
    source = make("long", tmp_path, default_engine)
    start, end = bounds
    preferred = planned(source, "out.mp4", default_engine, start=f"{start}s", end=f"{end}s")
    assert f"no smart cut: too little of it could be copied: {frames} frames" in (
        preferred.output("out").streams[0].reason
    )
    plan = smart_cut(source, "out.mp4", default_engine, start=f"{start}s", end=f"{end}s", strategy="required")
    (said,) = (decision.text for decision in plan.decisions if decision.by == "smart_cut")
    assert said.endswith("no cheaper than encoding everything, but required")
    assert plan.output("out").streams[0].reason.startswith(f"{frames} frames, the rest encoded")
    check(source, tmp_path / "out.mp4", plan, default_engine, start, end)


def test_required_refuses_what_cannot_be_copied(tmp_path: Path, default_engine: Engine) -> None:
    source = make("mp4", tmp_path, default_engine)
    with pytest.raises(PlanningError, match="no smart cut: it holds no whole group of pictures"):
        planned(source, "out.mp4", default_engine, start="1.2s", end="2.8s", strategy="required")


@pytest.mark.parametrize(
    "reordering", [("-bf", "0"), ("-bf", "2", "-b-pyramid", "none"), ("-bf", "3", "-b-pyramid", "normal")]
)
def test_edges_of_dark_grain_are_alike(reordering: tuple[str, ...], tmp_path: Path, engine: Engine) -> None:
    """Nothing loses more by being encoded again; and edges are for no better decoder than their source."""
    source = tmp_path / "in.mp4"
    picture = "color=c=0x181818:size=192x128:rate=25:duration=3,noise=alls=60:allf=t,gblur=1.5,format=yuv420p"
    encode = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "4", "-g", "12", *reordering)
    run(engine, "-f", "lavfi", "-i", picture, *encode, str(source))
    plan = smart_cut(source, "out.mp4", engine, start="0.2s", end="2.76s")
    check(source, tmp_path / "out.mp4", plan, engine, "0.2", "2.76")
    declared = levels(tmp_path / "out.mp4")
    assert len(declared) > 2, "that of the file, and of edges and copies where they begin"
    assert set(declared) == set(levels(source))


def levels(path: Path) -> list[int]:
    """The levels that the file and every key frame of its picture declare."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [bytes(stream.codec_context.extradata or b"")]
        found += [bytes(packet) for packet in container.demux(stream) if packet.is_keyframe]
    sets = [each for data in found for each in re.findall(rb"\x67[\x42\x4d\x64].(.)", data[:64], re.DOTALL)]
    return list(map(ord, sets))


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [("car-detection.mp4", "3.1", "22.3"), ("car-detection.mp4", "4.8", "26.05")],
)
def test_real_clips(name: str, start: str, end: str, shared_media: Path, tmp_path: Path, engine: Engine) -> None:
    source = tmp_path / name
    source.symlink_to(shared_media / name)
    plan = smart_cut(source, "out.mp4", engine, start=f"{start}s", end=f"{end}s")
    check(source, tmp_path / "out.mp4", plan, engine, start, end)
