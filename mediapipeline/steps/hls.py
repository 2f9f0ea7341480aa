"""HTTP Live Streaming: reading playlists strictly, and writing the master playlist of several.

Only the standard library is used, and nothing else of this one, so that a plan written out as a shell script can carry
this file along. Playlists are those that FFmpeg's own muxer writes; every name in them is that of a file beside them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

__all__ = ["Playlist", "Segment", "Variant", "master_playlist", "named_in_master", "read_playlist"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_DURATION = re.compile(r"#EXTINF:([0-9]+(?:\.[0-9]+)?),.*")
_INIT = re.compile(r'#EXT-X-MAP:URI="([^"]*)"')
_AAC = "mp4a.40.2"


class Segment(NamedTuple):
    """One segment: the name of its file, and how long it lasts in seconds."""

    name: str
    duration: Fraction


class Playlist(NamedTuple):
    """A media playlist: its segments, and the file that stands before each of them, if there is one."""

    init: str | None
    segments: tuple[Segment, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every file that it names, in the order in which they are read."""
        return (*(() if self.init is None else (self.init,)), *(segment.name for segment in self.segments))

    @property
    def duration(self) -> Fraction:
        return sum((segment.duration for segment in self.segments), Fraction(0))


class Variant(NamedTuple):
    """A picture among which a player chooses: its playlist, size and frames per second (as text)."""

    playlist: str
    width: int
    height: int
    frame_rate: str | None


def read_playlist(text: str) -> Playlist:
    """A media playlist that is complete.

    Raises:
        ValueError: It is not one, has not come to its end, or names anything but a file beside it.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or lines[0] != "#EXTM3U" or lines[-1] != "#EXT-X-ENDLIST":
        raise ValueError("the playlist is not complete")
    init: str | None = None
    duration: Fraction | None = None
    segments: list[Segment] = []
    for line in lines[1:-1]:
        if found := _DURATION.fullmatch(line):
            duration = Fraction(found[1])
        elif found := _INIT.fullmatch(line):
            init = _file(found[1])
        elif not line.startswith("#"):
            if duration is None:
                raise ValueError(f"the playlist does not say how long {line!r} lasts")
            segments.append(Segment(_file(line), duration))
            duration = None
    if not segments:
        raise ValueError("the playlist names no segments")
    return Playlist(init, tuple(segments))


def named_in_master(text: str) -> frozenset[str]:
    """The playlists that a master playlist names.

    Raises:
        ValueError: It is not one, or names anything but a file beside it.
    """
    lines = text.splitlines()
    if not lines or lines[0] != "#EXTM3U":
        raise ValueError("the master playlist is not one")
    inside = [uri for line in lines for uri in re.findall(r'URI="([^"]*)"', line)]
    return frozenset(map(_file, [*inside, *(line for line in lines if line and not line.startswith("#"))]))


def _file(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"the playlist names {name!r}, which is not a file beside it")
    return name


def master_playlist(folder: Path, variants: Sequence[Variant], sound: str | None) -> str:
    """The playlist of all playlists in *folder*: H.264 pictures, and the AAC sound that they share.

    Args:
        folder: Where the playlists and segments are.
        variants: The pictures.
        sound: Playlist of the sound, where there is any.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    heard = (0, 0)
    if sound is not None:
        heard = _rates(folder, sound)
        media = 'TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,AUTOSELECT=YES'
        lines.append(f'#EXT-X-MEDIA:{media},URI="{sound}"')
    for variant in variants:
        peak, average = _rates(folder, variant.playlist)
        codecs = ",".join([_avc(folder, variant.playlist), *([_AAC] if sound is not None else [])])
        said = [
            f"BANDWIDTH={peak + heard[0]}", f"AVERAGE-BANDWIDTH={average + heard[1]}", f'CODECS="{codecs}"',
            f"RESOLUTION={variant.width}x{variant.height}",
        ]  # fmt: skip
        said += [f"FRAME-RATE={float(Fraction(variant.frame_rate)):.3f}"] if variant.frame_rate is not None else []
        said += ['AUDIO="audio"'] if sound is not None else []
        lines += [f"#EXT-X-STREAM-INF:{','.join(said)}", variant.playlist]
    return "\n".join(lines) + "\n"


def _rates(folder: Path, name: str) -> tuple[int, int]:
    """The highest bit rate of a segment, and that of all together."""
    playlist = read_playlist((folder / name).read_text(encoding="utf-8"))
    sizes = [(folder / segment.name).stat().st_size * 8 for segment in playlist.segments]
    rates = [
        size / segment.duration for size, segment in zip(sizes, playlist.segments, strict=True) if segment.duration
    ]
    return -(-max(rates) // 1), -(-sum(sizes) // playlist.duration)


def _avc(folder: Path, name: str) -> str:
    """Profile and level of a picture, as RFC 6381 writes them."""
    playlist = read_playlist((folder / name).read_text(encoding="utf-8"))
    head = (folder / playlist.names[0]).read_bytes()
    # Either the record that stands before fragments of MP4 (a version byte first), or a sequence parameter set.
    found = re.search(rb"avcC\x01(...)|\x00\x00\x01[\x27\x47\x67](...)", head, re.DOTALL)
    if found is None:
        raise ValueError(f"{name} holds no H.264 picture")
    return f"avc1.{(found[1] or found[2]).hex()}"
