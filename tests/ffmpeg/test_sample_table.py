"""Packets by the header of a file: what FFmpeg says, or nothing."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.probe import PyAVProber
from mediapipeline.ffmpeg.sample_table import Sampled, read_sample_table
from mediapipeline.media.packets import Window, holds_idr

_ALL = (Fraction(0), None)


def _made(engine: Engine, path: Path, *options: str, sound: bool = False) -> Path:
    picture = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=3"]
    tone = ["-f", "lavfi", "-i", "sine=duration=3", "-map", "1", "-map", "0"] if sound else []
    command = [
        str(engine.ffmpeg),
        "-v",
        "error",
        "-nostdin",
        *picture,
        *tone,
        "-pix_fmt",
        "yuv420p",
        "-c:v",
        "libx264",
        "-g",
        "25",
    ]
    subprocess.run([*command, *options, str(path)], check=True, timeout=60)
    return path


@pytest.fixture(scope="module")
def clip(default_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _made(default_engine, tmp_path_factory.mktemp("tables") / "clip.mp4")


_TOLD = {
    "as it is": (),
    "no reordering": ("-bf", "0"),
    "open groups of pictures": ("-x264-params", "open-gop=1"),
    "header first": ("-movflags", "+faststart"),
    "no edit list": ("-use_editlist", "0"),
    "uneven": ("-vf", "setpts=PTS+mod(N\\,3)*0.01/TB", "-fps_mode", "vfr", "-enc_time_base", "1/1000"),
    "a clock that rounds": ("-video_track_timescale", "90"),
}


def _read(path: Path, stream: int, window: Window) -> Sampled | None:
    found = read_sample_table(path, stream, [window])
    return None if found is None else found[0]


@pytest.mark.parametrize("options", _TOLD.values(), ids=_TOLD)
@pytest.mark.parametrize(("suffix", "sound"), [("mp4", False), ("mov", True)])
def test_tells_what_ffmpeg_tells(
    options: tuple[str, ...], suffix: str, sound: bool, tmp_path: Path, default_engine: Engine
) -> None:
    path = _made(default_engine, tmp_path / f"clip.{suffix}", *options, sound=sound)
    found = _read(path, int(sound), _ALL)
    theirs = PyAVProber().index(path, int(sound), _ALL)
    assert found is not None
    assert theirs is not None
    assert found.time_base == theirs.time_base
    assert [each[:3] for each in found.packets] == [each[:3] for each in theirs.packets]
    assert len(found.packets) == 75
    assert found.begins
    assert found.ends
    data = path.read_bytes()
    looked = [holds_idr(data[at : at + size]) if key else None for (at, size), (_, _, key, _) in zip(
        found.places, found.packets, strict=True
    )]  # fmt: skip
    assert looked == [each.idr for each in theirs.packets]


_NOT_TOLD = {
    "fragments": ("-movflags", "+frag_keyframe+empty_moov"),
    "times of showing before those of decoding": ("-movflags", "+negative_cts_offsets"),
    "it begins late": ("-vf", "setpts=PTS+1/TB"),
    "another codec": ("-c:v", "mpeg4"),
}


@pytest.mark.parametrize("options", _NOT_TOLD.values(), ids=_NOT_TOLD)
def test_tells_nothing_that_takes_a_demuxer(options: tuple[str, ...], tmp_path: Path, default_engine: Engine) -> None:
    assert _read(_made(default_engine, tmp_path / "clip.mp4", *options), 0, _ALL) is None


def test_tells_nothing_of_frames_that_an_edit_list_leaves_out(
    clip: Path, tmp_path: Path, default_engine: Engine
) -> None:
    path = tmp_path / "cut.mp4"
    copied = ["-ss", "1.3", "-i", str(clip), "-c", "copy", str(path)]
    subprocess.run([str(default_engine.ffmpeg), "-v", "error", "-nostdin", *copied], check=True, timeout=60)
    assert _read(path, 0, _ALL) is None


def test_tells_nothing_of_a_file_that_is_cut_off_of_sound_and_of_streams_that_are_not_there(
    tmp_path: Path, default_engine: Engine
) -> None:
    path = _made(default_engine, tmp_path / "clip.mp4", "-movflags", "+faststart", sound=True)
    assert _read(path, 1, _ALL) is not None
    assert _read(path, 0, _ALL) is None
    assert _read(path, 2, _ALL) is None
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    assert _read(path, 1, _ALL) is None
    assert _read(tmp_path / "none.mp4", 1, _ALL) is None


def test_windows_are_told_as_each_by_itself(clip: Path) -> None:
    windows: list[Window] = [(Fraction(at, 4), Fraction(at + 1, 4)) for at in range(0, 11, 3)]
    windows += [(Fraction(2), None), (Fraction(20), Fraction(21)), (Fraction(0), Fraction(0))]
    assert read_sample_table(clip, 0, windows) == [_read(clip, 0, window) for window in windows]


def test_a_window_goes_from_a_key_frame_to_what_is_decoded_after_it(clip: Path) -> None:
    whole = _read(clip, 0, _ALL)
    part = _read(clip, 0, (Fraction(3, 2), Fraction(9, 5)))
    assert whole is not None
    assert part is not None
    assert not part.begins
    assert not part.ends
    at = whole.packets.index(part.packets[0])
    assert part.packets == whole.packets[at : at + len(part.packets)]
    assert part.places == whole.places[at : at + len(part.packets)]
    assert part.packets[0].key
    assert part.packets[0].pts * part.time_base == 1
    decoded = [(packet.dts or 0) * part.time_base for packet in part.packets]
    assert decoded[-1] > Fraction(9, 5) >= decoded[-2]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=3))
def test_whatever_is_in_a_header_it_is_told_or_not(
    changes: list[tuple[float, int]], clip: Path, tmp_path: Path
) -> None:
    content = bytearray(clip.read_bytes())
    header = content.index(b"moov") - 4
    for place, value in changes:
        content[header + int(place * (len(content) - header))] = value
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    found = _read(path, 0, _ALL)
    if found is not None:
        assert len(found.packets) == len(found.places) > 0
        assert all(at + size <= len(content) for at, size in found.places)


def _box(kind: bytes, *data: bytes) -> bytes:
    return (8 + len(b"".join(data))).to_bytes(4, "big") + kind + b"".join(data)


_WITHOUT_FLAGS = _box(b"dref", bytes(7), b"\1", _box(b"url "))


@pytest.mark.parametrize(
    "track",
    [
        _box(b"mdia", _box(b"hdlr", bytes(8), b"vide"), _box(b"minf", _box(b"dinf", _WITHOUT_FLAGS))),
        _box(b"mdia", _box(b"mdhd")),
        _box(b"mdia"),
        b"",
    ],
    ids=["no flags", "no clock", "nothing in it", "nothing"],
)  # fmt: skip
def test_tells_nothing_of_boxes_that_are_too_short(track: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(_box(b"ftyp", b"isom") + _box(b"moov", _box(b"mvhd"), _box(b"trak", track)))
    assert _read(path, 0, _ALL) is None
