from __future__ import annotations

import random
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.media.geometry import (
    LARGEST,
    NAMED_SIZES,
    RESOLUTION_PATTERN,
    Resolution,
    fit_size,
    keep_aspect,
)

sides = st.integers(1, LARGEST)
sizes = st.builds(Resolution, sides, sides)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("1920x1080", (1920, 1080)),
        ("1920X1080", (1920, 1080)),
        ("1920 × 1080", (1920, 1080)),
        ({"width": 640, "height": 360}, (640, 360)),
        ("720p", (1280, 720)),
        ("480P", (854, 480)),
        ("4K", (3840, 2160)),
        ("uhd", (3840, 2160)),
        ("8k", (7680, 4320)),
        ("1x16384", (1, 16384)),
    ],
)
def test_resolutions(value, size):
    assert Resolution.parse(value) == Resolution(*size)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2k", "2048x1080 to some and 2560x1440 to others"),
        ("721p", "not a resolution"),
        ("", "not a resolution"),
        ("1920", "not a resolution"),
        ("1920x1080x3", "not a resolution"),
        ("1920x-2", "not a resolution"),
        ("1920x1080\n-y", "not a resolution"),
        ("\u0663x\u0663", "not a resolution"),
        ("9" * 5000 + "x2", "not a resolution"),
        ("0x10", "between 1 and 16384"),
        ("16385x10", "between 1 and 16384"),
        ({"width": 10}, "has no height"),
        ({}, "no width and no height"),
        ({"width": 10, "height": 10, "depth": 1}, 'no "depth"'),
        ({"width": True, "height": 10}, "not a whole number of pixels"),
        ({"width": 10.0, "height": 10}, "not a whole number of pixels"),
        ({"width": 10**5000, "height": 10}, "between 1 and 16384"),
        (720, "not a resolution"),
        (None, "not a resolution"),
        ([10, 10], "not a resolution"),
    ],
    ids=range(20),
)
def test_what_is_no_resolution(value, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Resolution.parse(value)


@given(sizes)
def test_resolutions_are_read_back(size):
    assert Resolution.parse(str(size)) == size
    assert re.search(RESOLUTION_PATTERN, str(size))


def test_names_mean_even_sizes_of_about_16_to_9():
    for name, (width, height) in NAMED_SIZES.items():
        assert width % 2 == height % 2 == 0
        assert abs(width - height * 16 / 9) < 1
        assert not name.endswith("p") or name == f"{height}p"
        assert re.search(RESOLUTION_PATTERN, name)


def test_a_side_of_no_pixels_is_refused():
    with pytest.raises(ValueError, match="side of 0 pixels"):
        fit_size(Resolution(1000, 1), Resolution(10, 10), "contain", 2)
    with pytest.raises(ValueError, match="side of 0 pixels"):
        keep_aspect(Resolution(1000, 10), width=10, multiple=2)
    with pytest.raises(ValueError, match="between 1 and 16384"):
        keep_aspect(Resolution(1, 1000), width=100)


def test_keep_aspect_takes_one_side():
    with pytest.raises(ValueError, match="either"):
        keep_aspect(Resolution(10, 10))
    with pytest.raises(ValueError, match="either"):
        keep_aspect(Resolution(10, 10), width=5, height=5)


@given(sizes, sizes, st.sampled_from([1, 2, 4, 16]))
def test_contained_lies_within_and_covering_covers(source, box, multiple):
    try:
        inner = fit_size(source, box, "contain", multiple)
        outer = fit_size(source, box, "cover", multiple)
    except ValueError:
        return
    assert inner.width <= box.width <= outer.width
    assert inner.height <= box.height <= outer.height
    for size in (inner, outer):
        assert size.width % multiple == size.height % multiple == 0


def _cases(count: int, multiples: list[int]) -> list[tuple[Resolution, str, Resolution]]:
    """Sources, options of the scale filter and the sizes we infer; the same ones every time."""
    chance = random.Random(4)
    cases: list[tuple[Resolution, str, Resolution]] = []
    while len(cases) < count:
        source = Resolution(chance.randint(1, 400), chance.randint(1, 400))
        width, height, multiple = chance.randint(1, 300), chance.randint(1, 300), chance.choice(multiples)
        kind = ("contain", "cover", "width", "height")[len(cases) % 4]
        forced = f"{width}:{height}:force_divisible_by={multiple}:force_original_aspect_ratio"
        try:
            if kind == "contain":
                case = f"{forced}=decrease", fit_size(source, Resolution(width, height), "contain", multiple)
            elif kind == "cover":
                case = f"{forced}=increase", fit_size(source, Resolution(width, height), "cover", multiple)
            elif kind == "width":
                case = f"{width}:-{multiple}", keep_aspect(source, width=width, multiple=multiple)
            else:
                case = f"-{multiple}:{height}", keep_aspect(source, height=height, multiple=multiple)
        except ValueError:
            continue
        if max(case[1].width, case[1].height) < 2000:
            cases.append((source, *case))
    return cases


def _measured(engine, cases: list[tuple[Resolution, str, Resolution]]) -> list[Resolution]:
    """The sizes that FFmpeg gives, all in one process."""
    legs = [
        f"color=s={source}:r=1:d=1,format=gray,scale={options}:flags=neighbor,format=gray[o{index}]"
        for index, (source, options, _) in enumerate(cases)
    ]
    maps = [word for index in range(len(cases)) for word in ("-map", f"[o{index}]")]
    argv = [engine.ffmpeg, "-v", "error", "-nostdin", "-filter_complex", ";".join(legs), *maps]
    argv += ["-frames:v", "1", "-f", "framemd5", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    found = re.findall(r"^#dimensions (\d+): (\d+)x(\d+)$", done.stdout, re.MULTILINE)
    return [Resolution(int(w), int(h)) for _, w, h in sorted(found, key=lambda row: int(row[0]))]


def test_sizes_are_those_of_ffmpeg(engine):
    """Where nothing is rounded to multiples after the fact, all versions agree."""
    cases = [case for case in _cases(72, [1, 2, 8]) if "force" not in case[1] or "force_divisible_by=1:" in case[1]]
    assert len(cases) > 36
    assert _measured(engine, cases) == [size for _, _, size in cases]


def test_forced_multiples_are_those_of_ffmpeg_7_and_later(engine):
    version = subprocess.run([engine.ffmpeg, "-version"], capture_output=True, text=True, check=True, timeout=60)
    major = re.match(r"ffmpeg version n?(\d+)", version.stdout)
    if major and int(major[1]) < 7:
        pytest.skip("older ones (measured: 5.1) round forced multiples otherwise; operators write sizes out")
    cases = _cases(40, [2, 3, 8, 16])
    assert _measured(engine, cases) == [size for _, _, size in cases]
