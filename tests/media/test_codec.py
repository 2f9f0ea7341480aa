from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.errors import Problems
from mediapipeline.media.codec import AudioCodec, CodecSettings, VideoCodec
from mediapipeline.media.encoders import (
    CODECS,
    ENCODERS,
    QUALITIES,
    Encoder,
    Options,
    codec_names,
    encoder_for,
    encoders_for,
    resolve,
    similar,
)

if TYPE_CHECKING:
    from mediapipeline.ffmpeg.binary import Engine

VIDEO = [encoder for encoder in ENCODERS.values() if encoder.kind == "video"]
AUDIO = [encoder for encoder in ENCODERS.values() if encoder.kind == "audio"]


def codes(kind: type[VideoCodec | AudioCodec | CodecSettings], value: object) -> dict[str, str]:
    problems = Problems()
    assert kind.parse(value, "/c", problems) is None
    return {p.path: p.code for p in problems}


def video(value: object) -> VideoCodec:
    problems = Problems()
    found = VideoCodec.parse(value, "/c", problems)
    assert found is not None, list(problems)
    assert not list(problems)
    return found


def audio(value: object) -> AudioCodec:
    problems = Problems()
    found = AudioCodec.parse(value, "/c", problems)
    assert found is not None, list(problems)
    assert not list(problems)
    return found


class TestNames:
    @pytest.mark.parametrize(
        ("name", "codec", "encoder"),
        [
            ("h264", "h264", None),
            ("h265", "hevc", None),
            ("avc", "h264", None),
            ("libx264", "h264", "libx264"),
            ("libmp3lame", "mp3", "libmp3lame"),
            ("aac", "aac", None),
            ("flac", "flac", None),
            ("pcm", "pcm_s16le", None),
            ("prores_ks", "prores", "prores_ks"),
            ("dts", "dts", None),
        ],
    )
    def test_resolve(self, name: str, codec: str, encoder: str | None) -> None:
        found = resolve(name)
        assert found is not None
        assert (found[0], found[1].name if found[1] else None) == (codec, encoder)

    @pytest.mark.parametrize("name", ["", "x264", "H264", "h264 ", "copy", "none", "\0"])
    def test_what_is_no_codec(self, name: str) -> None:
        assert resolve(name) is None

    @pytest.mark.parametrize(
        ("name", "meant"), [("x264", "libx264"), ("x265", "libx265"), ("H264", "h264"), ("vp-9", "vp9"), ("zz", None)]
    )
    def test_similar(self, name: str, meant: str | None) -> None:
        assert similar(name, "video") == meant

    def test_nothing_of_another_kind_is_similar(self) -> None:
        assert similar("acc", "audio") != "avc"

    def test_the_preferred_encoder_comes_first(self) -> None:
        assert [e.name for e in encoders_for("av1")] == ["libsvtav1", "libaom-av1"]
        assert encoder_for("dts") is None
        assert {"h264", "libx264"} <= set(codec_names("video"))
        assert "dts" not in codec_names("audio")

    def test_tables_agree(self) -> None:
        for encoder in ENCODERS.values():
            assert CODECS[encoder.codec].kind == encoder.kind
            assert set(encoder.playable) <= set(encoder.pix_fmts)
            assert list(encoder.sample_rates) == sorted(encoder.sample_rates)
            assert encoder.preset is None or encoder.preset in encoder.presets
            assert set(encoder.quality) in (set(), set(QUALITIES))
            assert all(set(taken) <= set(encoder.pix_fmts) for taken in encoder.profiles.values())


class TestRequests:
    @pytest.mark.parametrize(
        ("value", "forces", "requirement"),
        [
            ("h264", False, True),
            ("libx264", True, False),
            ("copy", False, False),
            ("none", False, False),
            ({}, False, False),
            ({"crf": 20}, True, False),
            ({"quality": "low"}, True, False),
            ({"codec": "h264", "two_pass": True, "bitrate": "1M"}, True, False),
            ({"codec": "h264", "preset": "slow"}, True, False),
            ({"codec": "h264", "pix_fmt": "yuv420p"}, False, True),
            ({"codec": "h264", "profile": "high"}, False, True),
            ({"codec": "h264", "profile": "high", "level": "4.1"}, True, False),
            ("dts", None, None),
        ],
    )
    def test_what_a_copy_may_satisfy(self, value: object, forces: bool | None, requirement: bool | None) -> None:
        if forces is None:
            assert codes(VideoCodec, value) == {"/c": "wrong-codec-kind"}
            return
        found = video(value)
        assert (found.forces_encoding, found.is_requirement) == (forces, requirement)

    def test_audio_requirements(self) -> None:
        assert audio("mp3").is_requirement
        assert audio({"codec": "aac", "channels": 2}).is_requirement
        assert audio("libmp3lame").forces_encoding
        assert audio({"quality": "high"}).forces_encoding
        assert audio("dts").is_requirement  # which only a copy can satisfy
        assert audio("copy").copies
        assert audio("none").drops

    @pytest.mark.parametrize(
        ("value", "problems"),
        [
            (5, {"/c": "wrong-type"}),
            (None, {"/c": "wrong-type"}),
            ([], {"/c": "wrong-type"}),
            ({1: 2}, {"/c": "wrong-type"}),
            ("x264", {"/c": "unknown-codec"}),
            ({"codec": "x264"}, {"/c/codec": "unknown-codec"}),
            ({"codec": True}, {"/c/codec": "wrong-type"}),
            ({"codec": "aac"}, {"/c/codec": "wrong-codec-kind"}),
            ({"crf": True}, {"/c/crf": "wrong-type"}),
            ({"crf": 20.0}, {"/c/crf": "wrong-type"}),
            ({"codec": "libx264", "crf": 52}, {"/c/crf": "out-of-range"}),
            ({"codec": "vp9", "crf": 64}, {"/c/crf": "out-of-range"}),
            ({"codec": "mpeg4", "crf": 20}, {"/c/crf": "setting-not-supported"}),
            ({"codec": "prores", "bitrate": "1M"}, {"/c/bitrate": "setting-not-supported"}),
            ({"codec": "theora", "crf": 20}, {"/c": "no-encoder"}),
            ({"codec": "copy", "crf": 20}, {"/c/crf": "inert-setting"}),
            ({"codec": "none", "pix_fmt": "yuv420p"}, {"/c/pix_fmt": "inert-setting"}),
            ({"crf": 20, "quality": "low", "bitrate": 1}, {"/c/quality": "conflicting-settings",
                                                          "/c/bitrate": "conflicting-settings"}),
            ({"bufsize": "2M"}, {"/c/bufsize": "inert-setting"}),
            ({"bitrate": "2M", "maxrate": "1M"}, {"/c/maxrate": "out-of-range"}),
            ({"two_pass": True}, {"/c/two_pass": "conflicting-settings"}),
            ({"two_pass": 1}, {"/c/two_pass": "wrong-type"}),
            ({"codec": "libsvtav1", "two_pass": True, "bitrate": "1M"}, {"/c/two_pass": "setting-not-supported"}),
            ({"codec": "h264", "preset": "slowest"}, {"/c/preset": "not-allowed"}),
            ({"codec": "h264", "profile": "hihg"}, {"/c/profile": "not-allowed"}),
            ({"codec": "h264", "level": "9"}, {"/c/level": "not-allowed"}),
            ({"codec": "h264", "pix_fmt": "rgb24"}, {"/c/pix_fmt": "not-allowed"}),
            ({"codec": "h264", "pix_fmt": "yuv444p", "profile": "high"}, {"/c/pix_fmt": "conflicting-settings"}),
            ({"codec": "prores", "profile": "lt", "quality": "low"}, {"/c/profile": "conflicting-settings"}),
            ({"gop": 250}, {"/c/gop": "out-of-range"}),
            ({"gop": "soon"}, {"/c/gop": "bad-duration"}),
            ({"codec": "ffv1", "gop": 2}, {"/c/gop": "setting-not-supported"}),
            ({"bitrate": "fast"}, {"/c/bitrate": "wrong-type"}),
            ({"bitrate": "٣M"}, {"/c/bitrate": "wrong-type"}),
            ({"bitrate": 0}, {"/c/bitrate": "out-of-range"}),
            ({"bitrate": "0.0001k"}, {"/c/bitrate": "out-of-range"}),
            ({"bitrate": 10**5000}, {"/c/bitrate": "out-of-range"}),
            ({"crff": 3}, {"/c/crff": "unknown-field"}),
            # Everything at once:
            ({"codec": "libx264", "crf": 60, "presett": "slow", "gop": -1},
             {"/c/crf": "out-of-range", "/c/presett": "unknown-field", "/c/gop": "bad-duration"}),
        ],
    )  # fmt: skip
    def test_mistakes_in_pictures(self, value: object, problems: dict[str, str]) -> None:
        assert codes(VideoCodec, value) == problems

    @pytest.mark.parametrize(
        ("value", "problems"),
        [
            ("h264", {"/c": "wrong-codec-kind"}),
            ("mp33", {"/c": "unknown-codec"}),
            ({"codec": "opus", "sample_rate": 44100}, {"/c/sample_rate": "out-of-range"}),
            ({"codec": "mp3", "channels": 6}, {"/c/channels": "out-of-range"}),
            ({"codec": "mp2", "bitrate": 100_000}, {"/c/bitrate": "out-of-range"}),
            ({"codec": "libopus", "bitrate": "2M"}, {"/c/bitrate": "out-of-range"}),
            ({"codec": "flac", "quality": "low"}, {"/c/quality": "setting-not-supported"}),
            ({"codec": "pcm", "bitrate": 64000}, {"/c/bitrate": "setting-not-supported"}),
            ({"bitrate": 64000, "quality": "low"}, {"/c/quality": "conflicting-settings"}),
            ({"codec": "copy", "channels": 2}, {"/c/channels": "inert-setting"}),
            ({"codec": "dts", "bitrate": "1M"}, {"/c": "no-encoder"}),
            ({"rate": 48000}, {"/c/rate": "unknown-field"}),
            ({"quality": "best"}, {"/c/quality": "not-allowed"}),
        ],
    )
    def test_mistakes_in_sound(self, value: object, problems: dict[str, str]) -> None:
        assert codes(AudioCodec, value) == problems

    @pytest.mark.parametrize(
        ("value", "problems"),
        [
            ("libx264", {"/c": "wrong-type"}),
            ({}, {"/c": "empty"}),
            ({"video": "none"}, {"/c": "empty"}),
            ({"video": "none", "audio": "none"}, {"/c": "empty"}),
            ({"video": "none", "audio": "x"}, {"/c/audio": "unknown-codec"}),
            ({"vidio": "h264", "audio": 5}, {"/c/vidio": "unknown-field", "/c/audio": "wrong-type"}),
        ],
    )
    def test_mistakes_in_both(self, value: object, problems: dict[str, str]) -> None:
        assert codes(CodecSettings, value) == problems

    def test_a_string_for_both_is_rewritten(self) -> None:
        problems = Problems()
        CodecSettings.parse("libmp3lame", "/c", problems)
        assert [p.hint for p in problems] == ['write {"audio": "libmp3lame"}']

    @pytest.mark.parametrize(("written", "bits"), [(128000, 128000), ("128k", 128000), ("2.5M", 2_500_000)])
    def test_bit_rates(self, written: object, bits: int) -> None:
        assert video({"bitrate": written}).bitrate == bits

    @pytest.mark.parametrize(
        "value",
        [
            "h264",
            "copy",
            {"codec": "libx264", "crf": 20, "preset": "slow", "profile": "high", "level": "4.1", "gop": "1001/500"},
            {"codec": "h264", "bitrate": 2_000_000, "maxrate": 3_000_000, "bufsize": 6_000_000, "two_pass": True},
            {"quality": "medium"},
        ],
    )
    def test_the_json_form_reads_back(self, value: object) -> None:
        assert video(value).to_value() == value
        assert video(video(value).to_value()) == video(value)

    def test_numbers_for_names_that_look_like_numbers(self) -> None:
        assert video({"codec": "libsvtav1", "preset": 8}).preset == "8"
        assert video({"codec": "libx264", "level": 4.1}).level == "4.1"

    def test_a_planner_checks_the_encoder_that_it_chose(self) -> None:
        problems = Problems()
        asked = video({"codec": "av1", "preset": "13"})
        assert not asked.check("/c", problems, ENCODERS["libaom-av1"])
        assert [p.path for p in problems] == ["/c/preset"]

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["h264"]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["codec", "crf", "bitrate", "gop", "level", "video", "audio", "channels"]), inner
                )
            ),
        )
    )
    def test_anything_else_is_a_problem_never_an_exception(self, value: object) -> None:
        for kind in (VideoCodec, AudioCodec, CodecSettings):
            problems = Problems()
            assert (kind.parse(value, "", problems) is None) == bool(len(problems))


class TestOptions:
    @pytest.mark.parametrize(
        ("value", "encoder", "options"),
        [
            ({}, "libx264", {"preset": "medium", "crf": "18"}),
            ({"quality": "low"}, "libx264", {"preset": "medium", "crf": "28"}),
            ({"crf": 30}, "libvpx-vp9",
             {"row-mt": "1", "deadline": "good", "cpu-used": "2", "crf": "30", "b": "0"}),
            ({"bitrate": "1M", "maxrate": "2M"}, "libx264",
             {"preset": "medium", "b": "1000000", "maxrate": "2000000", "bufsize": "4000000"}),
            ({"profile": "4444"}, "prores_ks", {"vendor": "apl0", "profile": "4444"}),
            ({"level": "4.1", "gop": "2s"}, "libx264", {"preset": "medium", "crf": "18", "level": "4.1", "g": "60"}),
        ],
    )  # fmt: skip
    def test_pictures(self, value: object, encoder: str, options: dict[str, str]) -> None:
        assert dict(video(value).options(ENCODERS[encoder], Fraction(30000, 1001))) == options

    def test_key_frames_by_time_where_the_rate_is_unknown(self) -> None:
        options = dict(video({"gop": "1.5s"}).options(ENCODERS["libx264"]))
        assert options["force_key_frames"] == "expr:gte(t,n_forced*1.5)"

    @pytest.mark.parametrize(
        ("value", "encoder", "channels", "options"),
        [
            ({}, "aac", 2, {"b": "192000"}),
            ({}, "aac", 6, {"b": "576000"}),
            ({"channels": 1}, "aac", 6, {"b": "96000"}),
            ({"quality": "low"}, "libmp3lame", 2, {"q": "6"}),
            ({"bitrate": "128k"}, "libmp3lame", 2, {"b": "128000"}),
            ({}, "flac", 2, {}),
            ({}, "ac3", 6, {"b": "576000"}),
            ({"quality": "low"}, "mp2", 1, {"b": "80000"}),
        ],
    )
    def test_sound(self, value: object, encoder: str, channels: int, options: dict[str, str]) -> None:
        assert dict(audio(value).options(ENCODERS[encoder], channels)) == options

    @pytest.mark.parametrize(
        ("encoder", "rate", "taken"),
        [("libopus", 44100, 48000), ("libmp3lame", 96000, 48000), ("aac", 44100, 44100), ("flac", 12345, 12345)],
    )
    def test_the_nearest_sample_rate_that_loses_nothing(self, encoder: str, rate: int, taken: int) -> None:
        assert ENCODERS[encoder].sample_rate(rate) == taken


def has(engine: Engine, encoder: Encoder) -> bool:
    said = subprocess.run(
        [engine.ffmpeg, "-hide_banner", "-h", f"encoder={encoder.name}"], capture_output=True, text=True, check=False
    )
    return f"Encoder {encoder.name} " in said.stdout


def encode(engine: Engine, source: str, outputs: list[list[str]]) -> None:
    argv = [str(engine.ffmpeg), "-v", "warning", "-nostdin", "-f", "lavfi", "-i", source]
    for output in outputs:
        argv += [*output, "-f", "null", "-"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for sign in ("Incompatible", "not supported", "nsupported", "has not been used", "not allowed"):
        assert sign not in done.stderr, done.stderr


def args(options: Options, kind: str) -> list[str]:
    return [text for name, value in options for text in (f"-{name}:{kind}", value)]


@pytest.mark.parametrize("encoder", VIDEO, ids=lambda e: e.name)
def test_encoders_of_pictures_take_what_the_table_says(engine: Engine, encoder: Encoder) -> None:
    if not has(engine, encoder):
        pytest.skip(f"this FFmpeg has no {encoder.name}")
    fmt = encoder.pix_fmts[0] if encoder.pix_fmts else "yuv420p"
    start = ["-c:v", encoder.name]
    wanted: list[tuple[VideoCodec, str]] = [(VideoCodec(quality=q), fmt) for q in QUALITIES if encoder.quality]
    wanted += [(VideoCodec(), f) for f in encoder.pix_fmts]
    wanted += [(VideoCodec(profile=name), f) for name, taken in encoder.profiles.items() for f in taken]
    wanted += [(VideoCodec(crf=crf), fmt) for crf in encoder.crf or ()]
    wanted += [(VideoCodec(preset=preset), fmt) for preset in encoder.presets[-1:]]
    wanted += [(VideoCodec(level=level), fmt) for level in encoder.levels[-1:]]
    if encoder.bit_rates:
        wanted.append((VideoCodec(bitrate=400_000, maxrate=None), fmt))
    fast = {encoder.preset_option: encoder.presets[-1]} if encoder.presets else {}
    outputs = []
    for settings, pix_fmt in wanted:
        assert settings.check("", Problems(), encoder), settings
        options = dict(settings.options(encoder)) | fast
        outputs.append([*start, "-pix_fmt", pix_fmt, *args(tuple(options.items()), "v")])
    encode(engine, "testsrc2=s=64x64:r=25:d=0.08", outputs or [start])


@pytest.mark.parametrize("encoder", AUDIO, ids=lambda e: e.name)
def test_encoders_of_sound_take_what_the_table_says(engine: Engine, encoder: Encoder) -> None:
    if not has(engine, encoder):
        pytest.skip(f"this FFmpeg has no {encoder.name}")
    layouts = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
    outputs = [["-ar", str(rate)] for rate in encoder.sample_rates]
    outputs += [["-sample_fmt", fmt] for fmt in encoder.sample_fmts]
    for channels in (n for n in layouts if n <= (encoder.max_channels or 8)):
        for quality in QUALITIES if encoder.quality or encoder.bits_per_channel else (None,):
            options = AudioCodec(quality=quality).options(encoder, channels)
            outputs.append(["-af", f"aformat=channel_layouts={layouts[channels]}", *args(options, "a")])
    outputs += [["-b:a", str(rate)] for rate in encoder.bit_rate_list]
    encode(engine, "anoisesrc=r=48000:d=0.1", [["-c:a", encoder.name, *output] for output in outputs])


def test_two_passes(engine: Engine, tmp_path: Path) -> None:
    for encoder in VIDEO:
        if encoder.statistics is None or not has(engine, encoder):
            continue
        for number in (1, 2):
            log = tmp_path / encoder.name
            how = (
                ["-pass", str(number), "-passlogfile", str(log)]
                if encoder.statistics == "passlogfile"
                else ["-x265-params", f"pass={number}:stats={log}:log-level=none"]
            )
            encode(
                engine,
                "testsrc2=s=64x64:r=25:d=0.4",
                [["-c:v", encoder.name, "-pix_fmt", "yuv420p", "-b:v", "200000", *how]],
            )
        assert list(tmp_path.glob(f"{encoder.name}*")), f"{encoder.name} wrote no statistics"
