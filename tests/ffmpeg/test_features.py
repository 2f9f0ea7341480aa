from __future__ import annotations

import json

import pytest

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.detect import capabilities
from mediapipeline.ffmpeg.features import KINDS, Capabilities

VERSIONS = ["5.1", "7.0", "8.0", "9.0"]


def test_every_kind_of_feature_can_be_asked_for() -> None:
    names = {field: [f"one_{kind}"] for kind, field in KINDS.items()}
    build = Capabilities.from_dict(Capabilities().to_dict() | names)
    for kind in KINDS:
        assert build.has(f"{kind}:one_{kind}")
        assert not build.has(f"{kind}:other")
    asked = ["filter:x", "filter:one_filter", "muxer:mp4", "filter:x"]
    assert build.missing(asked) == ("filter:x", "muxer:mp4")


@pytest.mark.parametrize("feature", ["scale", "filters:scale", "filter:", ":scale", "", "version:5"])
def test_what_is_no_feature_is_refused(feature: str) -> None:
    with pytest.raises(ValueError, match="not a feature"):
        Capabilities().missing([feature])


@pytest.mark.parametrize("version", VERSIONS)
def test_json_keeps_everything(version: str) -> None:
    build = Capabilities.assume(version)
    again = Capabilities.from_dict(json.loads(json.dumps(build.to_dict())))
    assert again == build
    assert hash(again) == hash(build)
    assert Capabilities.from_dict(Capabilities().to_dict()) == Capabilities()


@pytest.mark.parametrize(
    "change", [{"filters": None}, {"filters": [1]}, {"version": 5}, {"version": ["5"]}, {"version_text": None}]
)
def test_broken_json_is_a_value_error(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not the capabilities of a build"):
        Capabilities.from_dict(Capabilities().to_dict() | change)
    with pytest.raises(ValueError, match="not the capabilities of a build"):
        Capabilities.from_dict({})


def test_an_unknown_version_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"nothing is known of FFmpeg '4\.4'; known: 5\.1, 7\.0, 8\.0, 9\.0"):
        Capabilities.assume("4.4")


def test_versions_differ_where_ffmpeg_does() -> None:
    by_file = {v for v in VERSIONS if Capabilities.assume(v).has("option:/filter_complex")}
    by_script = {v for v in VERSIONS if Capabilities.assume(v).has("option:filter_complex_script")}
    assert (by_file, by_script) == ({"7.0", "8.0", "9.0"}, {"5.1", "7.0"})
    assert not Capabilities.assume("9.0").has("option:vsync")
    assert Capabilities.assume("5.1").version == (5, 1)


def test_what_is_assumed_is_really_there(engine: Engine) -> None:
    real = capabilities(engine)
    version = None if real.version is None else f"{real.version[0]}.{real.version[1]}"
    if version not in VERSIONS:
        pytest.skip(f"nothing is assumed of {real.version_text}")
    assumed = Capabilities.assume(version)
    claims = [f"{kind}:{name}" for kind, field in KINDS.items() for name in sorted(getattr(assumed, field))]
    assert real.missing(claims) == ()
    both = {"option:/filter_complex", "option:filter_complex_script", "option:vsync", "option:display_rotation"}
    assert set(real.missing(sorted(both))) == set(assumed.missing(sorted(both)))
