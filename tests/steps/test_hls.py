"""Playlists are read strictly."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mediapipeline.steps.hls import named_in_master, read_playlist

_HEAD = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n"
_SOUND = _HEAD + '#EXT-X-MAP:URI="a_init.mp4"\n#EXTINF:2.000000,\na_0.m4s\n#EXTINF:0.5,\na_1.m4s\n#EXT-X-ENDLIST\n'


def test_what_it_names():
    found = read_playlist(_SOUND)
    assert found.names == ("a_init.mp4", "a_0.m4s", "a_1.m4s")
    assert found.duration == Fraction(5, 2)


@pytest.mark.parametrize(
    "text",
    [
        "",
        _HEAD,
        _HEAD + "#EXT-X-ENDLIST\n",
        _SOUND.removesuffix("#EXT-X-ENDLIST\n"),
        _SOUND.replace("#EXTINF:0.5,\n", ""),
        _SOUND.replace("a_1.m4s", "../a_1.m4s"),
        _SOUND.replace("a_1.m4s", "https://h/a_1.m4s"),
        _SOUND.replace("a_1.m4s", "/etc/passwd"),
        _SOUND.replace("a_init.mp4", "file:a"),
    ],
)
def test_what_it_refuses(text):
    with pytest.raises(ValueError, match="playlist"):
        read_playlist(text)


def test_the_master_names_playlists_beside_it():
    text = '#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI="s.m3u8"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n'
    assert named_in_master(text) == {"s.m3u8", "v.m3u8"}
    with pytest.raises(ValueError, match="playlist"):
        named_in_master(text.replace("v.m3u8", "http://h/v.m3u8"))
