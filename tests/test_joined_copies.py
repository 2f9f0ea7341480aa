"""Clips that are joined by copying hold the packets of their sources, without a gap, sound with its picture.

On every FFmpeg; the outputs are looked at by PyAV and by FFmpeg's decoders, not by the library.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import av
import numpy as np
import pytest

from mediapipeline import Executor, Planner
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.media.geometry import Resolution
from mediapipeline.operators.form import form_of, part_length
from mediapipeline.planner.joining import Joint, lay_out
from mediapipeline.planner.optimize import RULES, optimize
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.streams import Encode
from mediapipeline.steps.listing import Member, listing, located, members_of
from mediapipeline.testing import clip_info
from outcomes import differences, ffmpeg
from planner import notation

RATE = 44100
SAMPLES = 1024
"""Of a packet of AAC: its length is no whole number of frames of a picture, so joints never fit."""


class Packets(NamedTuple):
    hashes: list[str]
    times: list[Fraction]
    decoded: list[Fraction]


def clip(
    engine: Engine, path: Path, length: str, tone: int, *options: str, rate: str = "25", sound: bool = True
) -> Path:
    heard = ["-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate={RATE}:duration={length}"] if sound else []
    ffmpeg(
        engine, "-f", "lavfi", "-i", f"testsrc2=size=96x64:rate={rate}:duration={length}", *heard,
        "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-pix_fmt", "yuv420p", "-threads", "1", "-c:a", "aac",
        *options, str(path),
    )  # fmt: skip
    return path


def document(sources: Sequence[Path], *destinations: str) -> dict[str, Any]:
    return {
        "inputs": [{"id": f"c{at}", "source": source.name} for at, source in enumerate(sources)],
        "operations": [{"op": "concat", "inputs": [f"c{at}" for at in range(len(sources))], "output": "all"}],
        "outputs": [
            {"id": f"o{at}", "input": "all", "destination": name} for at, name in enumerate(destinations)
        ],
    }  # fmt: skip


def planned(engine: Engine, sources: Sequence[Path], *destinations: str, **options: Any) -> ProcessingPlan:
    job = document(sources, *destinations)
    return Planner(base_dir=sources[0].parent, ffmpeg=engine.ffmpeg, **options).plan(job)


def packets(path: Path, kind: str) -> Packets:
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        base = stream.time_base or Fraction(0)
        found = [packet for packet in container.demux(stream) if packet.size]
        return Packets(
            [hashlib.md5(bytes(packet), usedforsecurity=False).hexdigest() for packet in found],
            [packet.pts * base for packet in found if packet.pts is not None],
            [packet.dts * base for packet in found if packet.dts is not None],
        )


def frames(engine: Engine, path: Path) -> list[str]:
    text = ffmpeg(engine, "-i", str(path), "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5", "-").decode()
    return [line.rsplit(",", 1)[1].strip() for line in text.splitlines() if not line.startswith("#")]


def spaced(times: Sequence[Fraction], by: Fraction, tick: Fraction) -> bool:
    return all(abs(later - earlier - by) <= tick for earlier, later in pairwise(sorted(times)))


def run_in_order(inner: Sequence[str], outer: Sequence[str]) -> bool:
    """Whether *inner* are some of *outer*, in their order."""
    rest = iter(outer)
    return all(each in rest for each in inner)


def ways(plan: ProcessingPlan) -> list[str]:
    return [f"{s.kind}: {s.encoder or 'copy'}" for output in plan.outputs for s in output.streams]


@pytest.fixture(scope="module")
def clips(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return three(engine, tmp_path_factory.mktemp("joined"))


@pytest.fixture(scope="module")
def plain(default_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return three(default_engine, tmp_path_factory.mktemp("joined"))


def three(engine: Engine, folder: Path) -> list[Path]:
    lengths = [("one", "1.6", 440), ("it's 2", "1.04", 660), ("three", "2", 880)]
    return [clip(engine, folder / f"{name}.mp4", length, tone) for name, length, tone in lengths]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
def test_the_packets_are_those_of_the_sources(clips, engine, suffix):
    made = planned(engine, clips, f"all.{suffix}")
    assert ways(made) == ["video: copy", "audio: copy"]
    Executor(base_dir=clips[0].parent, ffmpeg=engine.ffmpeg).run(made, overwrite=True)
    whole = clips[0].parent / f"all.{suffix}"
    tick = Fraction(1, 1000) if suffix == "mkv" else Fraction(1, 90000)
    picture = packets(whole, "video")
    sources = [packets(each, "video") for each in clips]
    if suffix != "ts":  # which packs pictures in another way
        assert picture.hashes == [each for source in sources for each in source.hashes]
    assert frames(engine, whole) == [each for source in clips for each in frames(engine, source)]
    assert spaced(picture.times, Fraction(1, 25), tick)
    assert all(later > earlier for earlier, later in pairwise(picture.decoded))
    sound = packets(whole, "audio")
    heard = [packets(each, "audio") for each in clips]
    if suffix != "ts":
        assert run_in_order(sound.hashes, [each for source in heard for each in source.hashes])
        assert sum(len(source.hashes) for source in heard) - len(sound.hashes) <= 2 * len(clips)
    assert spaced(sound.times, Fraction(SAMPLES, RATE), tick)
    assert not differences(made.outputs[0], Planner(ffmpeg=engine.ffmpeg).prober.probe(whole))


def test_sound_stays_with_its_picture_however_many_clips_there_are(plain, default_engine):
    sources = [plain[at % 3] for at in range(24)]
    made = planned(default_engine, sources, "many.mp4")
    Executor(base_dir=plain[0].parent, ffmpeg=default_engine.ffmpeg).run(made, overwrite=True)
    whole = plain[0].parent / "many.mp4"
    firsts = [packets(each, "audio") for each in plain]
    sound = packets(whole, "audio")
    begins = Fraction(0)
    for at, source in enumerate(sources):
        length = Fraction(len(packets(source, "video").times), 25)
        second = firsts[at % 3].hashes[5]  # no two of one tone are alike so early on
        places = [time for time, each in zip(sound.times, sound.hashes, strict=True) if each == second]
        due = begins + 4 * Fraction(SAMPLES, RATE)
        assert min(abs(time - due) for time in places) <= Fraction(SAMPLES, RATE) / 2
        begins += length
    assert spaced(sound.times, Fraction(SAMPLES, RATE), Fraction(1, RATE))
    assert spaced(packets(whole, "video").times, Fraction(1, 25), Fraction(1, 90000))
    assert len(frames(default_engine, whole)) == begins * 25


def test_a_decoder_hears_the_same_but_at_the_joints(clips, engine):
    made = planned(engine, clips[:2], "pair.mp4")
    Executor(base_dir=clips[0].parent, ffmpeg=engine.ffmpeg).run(made, overwrite=True)

    def samples(path: Path) -> np.ndarray:
        raw = ffmpeg(engine, "-i", str(path), "-map", "0:a", "-f", "s16le", "-")
        return np.frombuffer(raw, np.int16).astype(np.int64)

    one, other, both = samples(clips[0]), samples(clips[1]), samples(clips[0].parent / "pair.mp4")
    until = len(one) - 3 * SAMPLES
    assert np.array_equal(both[:until], one[:until])
    middle = other[SAMPLES : -3 * SAMPLES]
    places = range(round(1.6 * RATE) - SAMPLES // 2, round(1.6 * RATE) + SAMPLES // 2 + 1)
    errors = [np.abs(both[at + SAMPLES : at + SAMPLES + len(middle)] - middle).max() for at in places]
    assert min(errors) <= 2  # of 32768: a decoder's rounding


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
def test_pictures_that_begin_after_their_sound_are_joined_as_well(engine, tmp_path, suffix):
    """There the sound begins with the packet that nobody was to hear, 21 ms before the picture."""
    lengths = ("1", "1.6", "1.24")
    sources = [
        clip(engine, tmp_path / f"{n}.{suffix}", length, 440, "-ar", "48000") for n, length in enumerate(lengths)
    ]
    made = planned(engine, sources, "all.mp4", f"all.{suffix}")
    assert ways(made) == ["video: copy", "audio: copy" if suffix == "ts" else "audio: aac"] * 2
    Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(made)
    for name in ("all.mp4", f"all.{suffix}"):
        found, sound = packets(tmp_path / name, "video"), packets(tmp_path / name, "audio")
        assert spaced(found.times, Fraction(1, 25), Fraction(1, 1000))
        assert all(later > earlier for earlier, later in pairwise(found.decoded))
        assert frames(engine, tmp_path / name) == [each for source in sources for each in frames(engine, source)]
        assert spaced(sound.times, Fraction(SAMPLES, 48000), Fraction(1, 1000))
        assert abs(min(found.times) - min(sound.times)) <= Fraction(43, 1000)


def test_a_part_begins_where_its_picture_does_if_that_is_less_than_a_frame_late():
    info = clip_info(duration="3s", rate=25)
    assert info.video is not None
    for start, frames_ in (("0.021", 75), ("0.039", 75), ("0.04", 76), ("2", 125)):
        late = attrs.evolve(info, video=attrs.evolve(info.video, start=Fraction(start)))
        form = form_of([late], size=Resolution(1920, 1080), rate=Fraction(25), tracks=1)
        assert part_length(late, form) == Fraction(frames_, 25)


def test_what_stands_beside_the_joined_streams_is_copied_as_well(engine, tmp_path):
    """Cover art, which FFmpeg 5.1 has to look into, although it is told not to look into lists."""
    one, plain_one = tmp_path / "one.mp4", clip(engine, tmp_path / "plain.mp4", "1", 440)
    cover = tmp_path / "cover.png"
    ffmpeg(engine, "-i", str(plain_one), "-frames:v", "1", str(cover))
    ffmpeg(
        engine, "-i", str(plain_one), "-i", str(cover), "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:1",
        "attached_pic", str(one),
    )  # fmt: skip
    made = planned(engine, [one, plain_one], "all.mp4")
    assert ways(made) == ["video: copy", "audio: copy", "cover: copy"]
    Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(made)
    assert frames(engine, tmp_path / "all.mp4") == 2 * frames(engine, plain_one)


def test_rates_that_no_millisecond_holds(default_engine, tmp_path):
    sources = [clip(default_engine, tmp_path / f"{n}.mp4", "1.2", 440, rate="30000/1001") for n in range(3)]
    made = planned(default_engine, sources, "all.mp4")
    assert ways(made) == ["video: copy", "audio: copy"]
    Executor(base_dir=tmp_path, ffmpeg=default_engine.ffmpeg).run(made)
    assert spaced(packets(tmp_path / "all.mp4", "video").times, Fraction(1001, 30000), Fraction(1, 90000))


REFUSALS = {
    "settings": (("-bf", "0"), "header for the decoder"),
    "size": (("-s", "64x64"), "clip 2 has to be converted to match"),
    "rate": (("-r", "50"), "clip 2 has to be converted to match"),
    "profile": (("-profile:v", "baseline"), "another profile"),
    "clock": (("-video_track_timescale", "50"), "another clock: 1/50"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_not_alike_is_encoded_and_it_is_said_why(plain, default_engine, name, tmp_path):
    options, said = REFUSALS[name]
    strange = clip(default_engine, plain[0].parent / f"{name}.mp4", "1", 440, *options)
    made = planned(default_engine, [plain[0], strange], "all.mp4")
    assert ways(made) == ["video: libx264", "audio: copy"]
    assert said in made.outputs[0].streams[0].reason
    assert said in made.explain()


def test_a_clip_that_begins_amid_a_group_of_pictures_is_not_copied(plain, default_engine):
    part = plain[0].parent / "part.mp4"
    ffmpeg(default_engine, "-ss", "0.5", "-i", str(plain[0]), "-c", "copy", str(part))
    made = planned(default_engine, [part, part], "all.mp4")
    assert "video: libx264" in ways(made)


def test_sound_that_ends_early_is_encoded_with_silence_and_the_picture_copied(default_engine, tmp_path):
    sources = [clip(default_engine, tmp_path / f"{n}.mp4", "1", 440, "-af", "atrim=end=0.8") for n in range(2)]
    made = planned(default_engine, sources, "all.mp4")
    assert ways(made) == ["video: copy", "audio: aac"]
    assert "the sound of clip 1 ends 0.16" in made.outputs[0].streams[1].reason
    Executor(base_dir=tmp_path, ffmpeg=default_engine.ffmpeg).run(made)
    sound = packets(tmp_path / "all.mp4", "audio")
    assert sound.times[-1] > Fraction(19, 10)


def test_it_can_be_disabled_and_required(plain, default_engine):
    assert "video: libx264" in ways(planned(default_engine, plain, "all.mp4", strategies={"stream_copy": "disabled"}))
    made = planned(default_engine, plain, "all.mp4", strategies={"stream_copy": "required"})
    assert ways(made) == ["video: copy", "audio: copy"]


def test_the_script_does_the_same(plain, default_engine, tmp_path):
    folder = plain[0].parent
    script = planned(default_engine, plain, "script.mp4").to_shell()
    (tmp_path / "ffmpeg").symlink_to(default_engine.ffmpeg)  # whatever its file is called
    path = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", script], cwd=folder, env=path, check=True, timeout=60, capture_output=True)
    assert frames(default_engine, folder / "script.mp4") == [
        f for source in plain for f in frames(default_engine, source)
    ]


def test_a_file_that_has_become_a_list_is_not_opened(plain, default_engine, tmp_path):
    """A list may name files that may be lists: what a list of ours names is opened as what it was."""
    secret = clip(default_engine, tmp_path / "secret.mp4", "1", 440)
    (tmp_path / "inner.mp4").write_text(f"ffconcat version 1.0\nfile {secret.name}\n")
    text = located(
        listing([Member(token="source:in", demuxers=("mov", "mp4"), length=Fraction(1))]),
        {"source:in": str(tmp_path / "inner.mp4")},
    )
    (tmp_path / "list").write_text(text)
    command = [
        str(default_engine.ffmpeg), "-v", "error", "-protocol_whitelist", "file", "-format_whitelist", "concat,mov,mp4",
        "-safe", "0", "-f", "concat", "-i", f"file:{tmp_path / 'list'}", "-c", "copy", str(tmp_path / "out.mp4"),
    ]  # fmt: skip
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0
    assert not (tmp_path / "out.mp4").exists()
    text = text.replace("inner.mp4", "secret.mp4")
    (tmp_path / "list").write_text(text)
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


def test_lists_round_lengths_from_their_sum():
    third = Fraction(1001, 30000)
    text = listing([Member(token=f"source:{n}", demuxers=("mov",), length=third) for n in range(1000)])
    total = sum(Fraction(line.split()[1]) for line in text.splitlines() if line.startswith("duration"))
    assert abs(total - 1000 * third) < Fraction(1, 1_000_000)
    assert members_of(text)[:2] == ("source:0", "source:1")
    with pytest.raises(ValueError, match="line break"):
        located(text, {f"source:{n}": "a\nfile b" for n in range(1000)})


@pytest.mark.parametrize("lengths", [["10s", "7s", "3s"] * 20, ["0.2s"] * 64, ["10.01s"] * 9])
def test_no_clip_of_many_is_further_from_its_picture_than_half_a_packet(lengths):
    clips = "\n".join(f"# c{at}: duration={length} header=aa" for at, length in enumerate(lengths))
    names = ", ".join(f"c{at}:audio" for at in range(len(lengths)))
    graph = notation.parse(f"{names} → concat() → encode(aac; copy aac) → out", notation.facts(clips))
    (node,) = graph.of(Encode)
    found = lay_out(graph, node)
    assert isinstance(found, Joint)
    packet, here, due = Fraction(SAMPLES, 48000), Fraction(0), Fraction(0)
    for part, name in zip(found.parts, graph.input_of(node).inputs, strict=True):
        assert abs(here - due) <= packet / 2
        assert ((part.length) / packet).denominator == 1
        here, due = here + part.length, due + (graph[name].info.duration or 0)
    assert optimize(graph, RULES).graph.of(Encode) == ()
