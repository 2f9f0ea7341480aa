"""Texts that FFmpeg 5.1, 7.0 and 9.0 printed are under stderr/, one file a failure, each with its command."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.diagnosis import Diagnosis, decode_warnings, diagnose, exit_code_name

FOLDER = Path(__file__).with_name("stderr")
RECORD = re.compile(r"^=== (\S+) exit (-?\d+): ffmpeg ([^\n]*)\n(.*?)(?=^=== |\Z)", re.MULTILINE | re.DOTALL)
RECORDS = {
    (file.stem, version): (int(exit_code), command, text)
    for file in sorted(FOLDER.glob("*.txt"))
    for version, exit_code, command, text in RECORD.findall(file.read_text(encoding="utf-8"))
}

# What each failure is called, something its cause must tell, and the filter at fault
EXPECTED: dict[str, tuple[str, str, str | None]] = {
    "aformat-bad": ("filter-failed|option-invalid", "aformat", "op3"),
    "broken-pipe": ("broken-pipe", "", None),
    "codec-experimental": ("codec-refused", "dca is experimental", None),
    "codec-not-in-mp4": ("codec-not-in-container", "mp4 cannot hold ffv1", None),
    "codec-not-in-webm": ("codec-not-in-container", "VP8", None),
    "codec-whitelist": ("codec-not-allowed", "aac", None),
    "concat-sizes": ("filter-failed", "size 32x32", "op3"),
    "copy-filter": ("graph-invalid", "copied and filtered", None),
    "crop-too-big": ("filter-failed", "'998'", "op3"),
    "crop-too-big-simple": ("filter-failed", "'998'", "op3"),
    "crop-unnamed": ("filter-failed", "the filter crop failed", None),
    "enospc-mkv": ("no-space-left", "no space", None),
    "enospc-mp4": ("no-space-left", "no space", None),
    "enospc-wav": ("no-space-left", "no space", None),
    "eval-runtime": ("filter-failed", "'foo'", "op3"),
    "filter-option": ("option-not-found", "scale of this FFmpeg has no option nope", "op3"),
    "filter-range": ("option-invalid", "sigma from [0 - 1024]", "op3"),
    "filter-value": ("filter-failed", "zzz(1", "op3"),
    "folder-missing-output": ("file-not-found", "file:/media/nodir/o.mp4: no such", None),
    "format-whitelist": ("format-not-allowed", "not allowed", None),
    "graph-no-such-input": ("no-such-stream", "input number 5", None),
    "graph-syntax": ("graph-invalid", "Mismatched", None),
    "input-garbage": ("input-incomplete", "file:/media/garbage.mp4 is", None),
    "input-is-folder": ("is-a-folder", "file:/media/adir is a folder", None),
    "input-missing": ("file-not-found", "file:/media/nothere.mp4: no such", None),
    "input-no-moov": ("input-incomplete", "file:/media/nomoov.mp4 is no complete MP4", None),
    "input-permission": ("permission-denied", "file:/media/noperm.mp4: perm", None),
    "lut3d-missing": ("file-not-found", "/nothere.cube: no such", "op3"),
    "map-no-stream": ("no-such-stream", "stream 0:a", None),
    "max-pixels": ("picture-too-large", "64x48 is larger than the limit of 100", None),
    "odd-size": ("codec-refused", "libx264 needs a width divisible by 2; the picture is 63x47", None),
    "option-codec": ("option-invalid", "libx264 refuses the preset nope", None),
    "option-muxer": ("option-invalid", "value nope for movflags", None),
    "option-unknown": ("option-not-found", "no option nopenope", None),
    "option-value": ("option-invalid", "libx264 does not take the value abc for crf", None),
    "out-of-memory": ("out-of-memory", "memory", None),
    "output-exists": ("output-exists", "good.mp4 exists", None),
    "output-is-folder": ("is-a-folder", "file:/media/adir is a folder", None),
    "output-without-streams": ("no-streams", "no stream", None),
    "pad-small": ("filter-failed", "Padded dimensions", "op3"),
    "permission-output": ("permission-denied", "file:/media/ro/o.mp4: perm", None),
    "pixfmt-unsupported": ("option-invalid", "no pixel format nope", None),
    "protocol-http": ("protocol-not-allowed", "http", None),
    "protocol-nested": ("protocol-not-allowed", "http", None),
    "rate-unsupported": ("codec-refused", "12345 Hz", None),
    "scale-huge": ("filter-failed", "99999x99999", "op3"),
    "tag-not-in-flv": ("codec-not-in-container", "flv cannot hold", None),
    "type-mismatch": ("no-such-stream", ":a", None),
    "unconnected": ("graph-invalid", "split leads nowhere", "op3"),
    "unknown-bitstream-filter": ("bitstream-filter-not-found", "nope", None),
    "unknown-demuxer": ("demuxer-not-found", "nope", None),
    "unknown-encoder": ("encoder-not-found", "libnope", None),
    "unknown-filter": ("filter-not-found", "nope", "op3"),
    "unknown-filter-positional": ("filter-not-found|graph-invalid", "", None),
    "unknown-filter-simple": ("filter-not-found", "nope", "op3"),
    "unknown-muxer": ("muxer-not-found", "format nope", None),
    "unknown-suffix": ("muxer-not-found", "o.xyz", None),
}
RETRYABLE = {"enospc-mkv", "enospc-mp4", "enospc-wav", "out-of-memory"}
DAMAGED = {"corrupt-mkv", "corrupt-mp3", "corrupt-mp4", "corrupt-ts", "half-mkv"}


def graph_of(command: str) -> str:
    found = re.search(r"-(?:filter_complex|vf|af) (.+?) -", command)
    return found[1] if found else ""


def test_every_text_is_expected_to_mean_something() -> None:
    assert {name for name, _ in RECORDS} == EXPECTED.keys() | DAMAGED
    assert len(RECORDS) == 3 * len(EXPECTED.keys() | DAMAGED)


@pytest.mark.parametrize("tagged", [True, False], ids=["level", "plain"])
@pytest.mark.parametrize("version", ["5.1", "7.0", "9.0"])
@pytest.mark.parametrize("name", EXPECTED)
def test_known_failures(name: str, version: str, tagged: bool) -> None:
    exit_code, command, text = RECORDS[name, version]
    codes, words, instance = EXPECTED[name]
    if not tagged:
        text = re.sub(r"\[(?:error|fatal|warning)\] ", "", text)
    found = diagnose(text, exit_code, graph=graph_of(command))
    if exit_code == 0 and name != "output-exists":
        assert found == Diagnosis()  # 9.0 does hold ffv1 in mp4
    elif exit_code < 0:
        assert (found.code, found.cause) == ("crashed", "FFmpeg crashed (SIGSEGV)")  # as 7.0 did
    else:
        assert found.code in codes.split("|")
        assert words in (found.cause or "")
        assert "{" not in (found.cause or "")
        if "positional" not in name:
            assert found.instance == instance
        assert found.retryable == (name in RETRYABLE)


def test_without_the_graph_a_filter_of_which_only_the_name_is_known_is_not_guessed() -> None:
    exit_code, command, text = RECORDS["filter-option", "9.0"]
    assert diagnose(text, exit_code).instance is None
    assert diagnose(text, exit_code, graph=graph_of(command)).instance == "op3"
    assert diagnose(text, exit_code, graph="scale@a=w=1,scale@b=w=2").instance is None
    assert diagnose(text, exit_code, graph="hyperscale@a,scale@b=w=2").instance == "b"


@pytest.mark.parametrize(
    ("number", "code", "words", "retryable"),
    [
        (signal.SIGKILL, "killed", "want of memory", True),
        (signal.SIGTERM, "interrupted", "SIGTERM", True),
        (signal.SIGSEGV, "crashed", "SIGSEGV", False),
        (signal.SIGABRT, "crashed", "SIGABRT", False),
        (signal.SIGXFSZ, "file-too-large", "larger", False),
        (77, "crashed", "signal 77", False),
    ],
)
def test_signals(number: int, code: str, words: str, retryable: bool) -> None:
    found = diagnose("[h264 @ 0x1] [error] No space left on device\n", -number)
    assert (found.code, found.retryable) == (code, retryable)
    assert found.cause is not None
    assert words in found.cause


@pytest.mark.parametrize(
    ("exit_code", "code", "name"),
    [
        (228, "no-space-left", "ENOSPC"),
        (244, "out-of-memory", "ENOMEM"),
        (254, "file-not-found", "ENOENT"),
        (243, "permission-denied", "EACCES"),
        (224, "broken-pipe", "EPIPE"),
        (251, "io-error", "EIO"),
        (234, "invalid-argument", "EINVAL"),
        (183, "input-invalid", "INVALIDDATA"),
        (187, "codec-refused", "EXTERNAL"),
        (8, "feature-not-found", "NOT_FOUND"),
        (69, "input-invalid", None),
        (255, "interrupted", None),
        (1, None, None),
        (42, None, None),
    ],
)
def test_exit_codes_where_nothing_was_printed(exit_code: int, code: str | None, name: str | None) -> None:
    found = diagnose("Conversion failed!\n", exit_code)
    assert found.code == code
    assert (found.cause is None) == (code is None)
    assert exit_code_name(exit_code) == name


def test_the_cause_comes_before_what_it_brings_about() -> None:
    text = (
        "[h264 @ 0x1] [error] error while decoding MB 1 1\n"
        "[dec:h264 @ 0x1] [error] Error submitting packet to decoder: Invalid data found when processing input\n"
        "[overlay@op7 @ 0x2] [warning] something\n"
        "[crop@op2 @ 0x2] [error] Failed to configure input pad on crop@op2\n"
        "[out#0/mp4 @ 0x3] [error] Error writing trailer: Invalid argument\n"
    )
    found = diagnose(text, 234)
    assert (found.code, found.instance) == ("filter-failed", "op2")
    assert diagnose(text + "[out#0/mp4 @ 0x3] [error] Error closing file: No space left on device\n", 234).retryable


def test_a_warning_is_not_the_cause() -> None:
    text = "[scale@op1 @ 0x1] [warning] deprecated pixel format used\n[error] Nothing was written\n"
    assert diagnose(text, 1) == Diagnosis()


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_complaints_of_decoders_are_warnings(name: str) -> None:
    for version in ("5.1", "7.0", "9.0"):
        exit_code, _, text = RECORDS[name, version]
        if exit_code < 0:
            assert decode_warnings(text) == ()
            continue
        found = decode_warnings(text)
        assert 1 <= len(found) <= 20
        assert len({re.sub(r"\d+", "", warning) for warning in found}) == len(found)
        assert not any("0x" in warning or "[error]" in warning or "muxer" in warning for warning in found)
        plain = decode_warnings(re.sub(r"\[(?:error|fatal|warning)\] ", "", text))
        assert plain, "the words tell, where there are no tags"


def test_warnings_count_what_differs_in_numbers_only() -> None:
    text = "".join(f"[h264 @ 0x{n}] [error] error while decoding MB {n} 1, bytestream {n}\n" for n in range(1, 40))
    assert decode_warnings(text) == ("h264: error while decoding MB 1 1, bytestream 1 (39 times)",)


def test_what_is_not_about_the_input_is_no_warning() -> None:
    text = (
        "[libx264 @ 0x1] [error] invalid data found\n[scale@op3 @ 0x1] [error] corrupt\n"
        "[out#0/mp4 @ 0x1] [error] truncated\n[mp3 @ 0x1] [warning] Estimating duration from bitrate\n"
        "[vost#0:0/aac @ 0x1] [enc:aac @ 0x2] [error] invalid frame\n"
    )
    assert decode_warnings(text) == ()
    for name in ("filter-range", "unknown-encoder", "option-value"):
        assert decode_warnings(RECORDS[name, "9.0"][2]) == ()


@given(st.text(), st.integers(-64, 255))
def test_anything_can_be_read(text: str, exit_code: int) -> None:
    assert isinstance(diagnose(text, exit_code), Diagnosis)
    decode_warnings(text)


@pytest.mark.parametrize("piece", [": ", "a", "[", "[a @ 0x1] ", "Error opening input ", "Value 1 for parameter '"])
def test_a_line_without_an_end_takes_no_time(piece: str) -> None:
    text = piece * (64 * 1024 // len(piece))
    diagnose(text, 1)
    decode_warnings(text)


@given(st.lists(st.sampled_from([line for _, _, text in RECORDS.values() for line in text.splitlines()]), max_size=6))
def test_any_lines_in_any_order_make_a_whole_sentence(lines: list[str]) -> None:
    found = diagnose("\n".join(lines), 1)
    assert "{" not in (found.cause or "")
    assert (found.cause is None) == (found.code is None)


LIVE = [
    "crop-too-big",
    "filter-option",
    "input-missing",
    "map-no-stream",
    "odd-size",
    "unknown-encoder",
    "unknown-filter",
]


@pytest.mark.parametrize("name", LIVE)
def test_this_ffmpeg_still_says_it_so(engine: Engine, tmp_path: Path, name: str) -> None:
    source = ["-f", "lavfi", "-i", "testsrc2=d=0.1:s=64x48"]
    subprocess.run([engine.ffmpeg, "-v", "error", *source, "good.mkv"], cwd=tmp_path, check=True)
    _, command, _ = RECORDS[name, "9.0"]
    if name == "odd-size" and b"libx264" not in subprocess.check_output([engine.ffmpeg, "-v", "error", "-encoders"]):
        pytest.skip("this build has no libx264")
    argv = [engine.ffmpeg, "-hide_banner", "-nostdin", "-nostats", "-v", "level+warning", *command.split()]
    done = subprocess.run(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False)
    code, words, instance = EXPECTED[name]
    found = diagnose(done.stderr, done.returncode, graph=graph_of(command))
    assert (found.code, found.instance) == (code, instance)
    assert words in (found.cause or "")
