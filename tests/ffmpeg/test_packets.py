"""Reading a file to its end: how many packets each stream has, and when it ends, in process or by ffprobe."""

from __future__ import annotations

import importlib.util
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

import zoo
from mediapipeline.errors import FFmpegNotFoundError, ProbeError
from mediapipeline.ffmpeg import packets
from mediapipeline.ffmpeg.packets import PacketEnd, packet_ends
from mediapipeline.ffmpeg.probe_packets import Packet, extent_for, guess_format, observe


@pytest.fixture(params=["pyav", "ffprobe"])
def ends(request, monkeypatch):
    if request.param == "pyav":
        if importlib.util.find_spec("av") is None:
            pytest.skip("no PyAV")
        return packet_ends
    found = shutil.which("ffprobe")
    if found is None:
        pytest.skip("no ffprobe on the PATH")
    monkeypatch.setattr(packets, "find_spec", lambda name: None)
    return lambda path: packet_ends(path, ffprobe=Path(found))


@pytest.mark.parametrize(("name", "known"), [
    ("plain", {0: PacketEnd(25, Fraction(1)), 1: PacketEnd(47, Fraction(1))}),
    ("b-frames-mkv", {0: PacketEnd(25, Fraction(1))}),
    ("avi-b-frames", {0: PacketEnd(25, Fraction(26, 25))}),
    ("aac-ts", {0: PacketEnd(20, Fraction(20 * 1024, 48000))}),
])  # fmt: skip
def test_every_packet_is_counted(ends, name, known, tmp_path):
    assert ends(zoo.ZOO[name](tmp_path)) == known


def test_the_length_of_packets_is_up_to_the_encoder(ends, tmp_path):
    (end,) = ends(zoo.ZOO["flac"](tmp_path)).values()
    assert end.packets > 1
    assert end.end == 1


def test_an_edit_list_leaves_packets_out(ends, tmp_path):
    """The first frame of AAC is a run-up."""
    path = zoo.ZOO["m4a"](tmp_path)
    assert ends(path) == {0: PacketEnd(47, Fraction(1))}


def test_a_file_that_breaks_off(ends, tmp_path):
    whole = zoo.make("plain", tmp_path)
    faststart = zoo.make_clip(tmp_path / "fast.mp4", zoo.RECIPES["plain"][1], extra=["-movflags", "+faststart"])
    data = faststart.read_bytes()
    assert ends(faststart).keys() == ends(whole).keys()
    faststart.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(ProbeError, match=r"cut off|partial file"):
        ends(faststart)


def test_a_stream_format_that_breaks_off_ends_earlier(ends, tmp_path):
    path = zoo.ZOO["ts-late-start"](tmp_path)
    end = ends(path)[0].end
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert ends(path)[0].end < end


def test_what_is_not_media(ends, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"not media" * 100)
    with pytest.raises(ProbeError):
        ends(path)
    with pytest.raises(ProbeError, match="cannot be opened"):
        ends(tmp_path / "missing.mp4")


def test_no_reader_is_not_the_fault_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(packets, "find_spec", lambda name: None)
    with pytest.raises(FFmpegNotFoundError):
        packet_ends(zoo.ZOO["flac"](tmp_path))


# ---- what probers make of packets


def test_a_tail_that_was_cut_short_tells_no_end():
    head = [Packet(0, n, n, 1) for n in range(240)]
    tail = [Packet(0, n, n, 1) for n in range(5000, 5100)]
    assert observe([*head, *tail], "tail").ends == {0: 5100}
    assert observe(head, "window").ends == {}
    endless = [Packet(0, n, n, 1) for n in range(1000, 3000)]
    assert observe([*head, *endless], "tail").ends == {}


def test_a_tail_of_a_short_file_repeats_the_window():
    few = [Packet(0, n, n, 1) for n in range(50)]
    seen = observe([*few, *few[-1:], *few[-20:]], "tail")
    assert (seen.complete, seen.times, seen.ends) == (True, {0: tuple(range(50))}, {0: 50})


def test_an_end_needs_a_duration_and_a_stream_that_was_met():
    assert observe([Packet(0, 0, 0, 1), Packet(0, 1, 1, None), Packet(1, None, 0, 1)], "whole").ends == {}


def test_no_more_than_a_bounded_part_is_read():
    large = 10**9
    assert extent_for("mpegts", large, lasts=True) == "tail"
    assert extent_for("mpegts", 1000, lasts=True) == "whole"
    for name in ("matroska,webm", "aac", "mp3", None):
        assert extent_for(name, large, lasts=False) == "window"


@pytest.mark.parametrize(("name", "format_name"), [
    ("aac-ts", "mpegts"), ("mpeg-ps", "mpeg"), ("avi", "avi"), ("aac", "aac"), ("plain", None), ("mp3", None),
    ("webm-vp8", None), ("flac", None), ("wav", None),
])  # fmt: skip
def test_the_first_bytes_tell_what_is_read_in_a_way_of_its_own(name, format_name, tmp_path):
    assert guess_format(zoo.ZOO[name](tmp_path).read_bytes()) == format_name
    assert guess_format(b"") is None


@pytest.mark.parametrize(
    ("shown", "leading"),
    [
        ([(0, True), (3, False), (1, False), (2, False), (6, True), (4, False), (5, False), (8, False)], {0: 2}),
        ([(0, True), (3, False), (1, False), (2, False), (4, True), (7, False), (5, False), (6, False)], {0: 0}),
        ([(2, True), (0, False), (1, False), (3, False)], {}),
        ([(0, True), (3, True), (1, False), (2, False)], {}),
        ([(0, True), (3, True), (1, False), (2, False), (6, True), (4, False), (5, False)], {0: 2}),
    ],
    ids=["open groups", "closed groups", "one key frame", "what follows was not read", "nothing but key frames"],
)
def test_pictures_that_are_shown_before_their_key_frame(shown, leading):
    read = [Packet(0, pts, at, 1, key=key) for at, (pts, key) in enumerate(shown)]
    assert observe(read, "window").leading == leading
