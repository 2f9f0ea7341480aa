"""Whole runs, mostly in processes of their own: exit codes, what is printed where, and what is left on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mediapipeline.cli import main
from mediapipeline.executor.events import event_from_dict
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.testing.media import make_clip


def test_a_run(cli, job, tmp_path):
    job()
    done = cli("run", "job.json")
    assert done.returncode == 0
    head, media, *checks, work = done.stdout.splitlines()
    assert head.startswith(f"{tmp_path / 'out.mp4'}  ")
    assert "32x24" in media
    assert checks
    assert all(line.startswith("  verified: ") for line in checks)
    assert work == "frames: 25 decoded (25 needed), 25 encoded (25 needed); processes: 1"
    assert done.stderr == ""
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in.mp4", "job.json", "out.mp4"]


def test_a_destination_that_exists_is_kept_unless_told_otherwise(cli, job, tmp_path):
    job()
    (tmp_path / "out.mp4").write_bytes(b"precious")
    done = cli("run", "job.json")
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path / 'out.mp4'} exists already; add --overwrite to replace it\n"
    assert (tmp_path / "out.mp4").read_bytes() == b"precious"
    assert cli("run", "job.json", "--overwrite").returncode == 0
    assert (tmp_path / "out.mp4").read_bytes() != b"precious"


def test_the_job_from_stdin_with_a_base_folder(cli, job, tmp_path):
    text = job().read_text()
    (tmp_path / "job.json").unlink()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in.mp4").rename(tmp_path / "elsewhere" / "in.mp4")
    assert cli("run", "-", stdin=text).returncode == 2
    done = cli("run", "-", "--base-dir", "elsewhere", stdin=text)
    assert done.returncode == 0
    assert (tmp_path / "elsewhere" / "out.mp4").exists()


def test_events_as_json_lines(cli, job):
    job()
    done = cli("run", "job.json", "--progress", "json")
    events = [event_from_dict(json.loads(line)) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert events[0].kind == "run-started"
    assert events[-1].kind == "run-finished"
    assert {"step-started", "step-finished", "verified", "published"} <= {event.kind for event in events}
    assert "verified: " in done.stderr


def test_the_report_holds_plan_and_result(job, tmp_path, capsys):
    report = tmp_path / "report.json"
    argv = ["run", str(job()), "--report", str(report), "--cpus", "1", "--verify", "full"]
    assert main(argv) == 0
    written = json.loads(report.read_text())
    assert list(written) == ["plan", "result", "error", "spans", "wall_seconds"]
    assert ProcessingPlan.from_dict(written["plan"]).output("small").destination == "out.mp4"
    result = ExecutionResult.from_dict(written["result"])
    assert result.outputs["small"].path == tmp_path / "out.mp4"
    assert "every frame was decoded" in " ".join(result.outputs["small"].checks)
    assert written["error"] is None
    assert main(argv) == 1
    written = json.loads(report.read_text())
    assert written["plan"] is not None
    assert written["result"] is None
    assert written["error"]["type"] == "OutputError"


def test_a_report_of_a_job_that_is_wrong(job, tmp_path, capsys):
    report = tmp_path / "report.json"
    assert main(["run", str(job(width=-7)), "--report", str(report)]) == 2
    written = json.loads(report.read_text())
    assert written["plan"] is None
    assert written["error"]["problems"][0]["path"] == "/operations/0/params/width"


@pytest.mark.parametrize("name", [".", "no/such/folder.json", "in.mp4", "out.mp4", "job.json"])
@pytest.mark.parametrize("width", [32, -7])  # a job that is wrong has files all the same
def test_a_report_goes_where_nothing_is_lost(job, tmp_path, capsys, monkeypatch, name, width):
    monkeypatch.chdir(tmp_path)
    path = job(width=width)
    text = path.read_bytes()
    before = (tmp_path / "in.mp4").read_bytes()
    assert main(["run", str(path), "--report", name]) == 2
    assert f"--report: {name!r}" in capsys.readouterr().err
    assert (tmp_path / "in.mp4").read_bytes() == before
    assert path.read_bytes() == text
    assert not (tmp_path / "out.mp4").exists()


def test_what_is_left_out_is_a_warning(job, capsys, tmp_path):
    path = job(destination="out.mp3")
    assert main(["run", str(path)]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("warning: ")
    assert "/outputs/0" in said.err


def test_a_failure_names_cause_and_command_and_leaves_nothing(cli, job, tmp_path, default_engine):
    """An FFmpeg that answers, and fails when it is to work: the operation's own failures are found when planning."""
    job()
    fake = tmp_path / "bin" / "ffmpeg"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\ncase "$*" in *final-0*) echo "[error] everything is on fire" >&2; exit 7;; esac\n'
        f'exec {default_engine.ffmpeg} "$@"\n'
    )
    fake.chmod(0o755)
    done = cli("run", "job.json", "--ffmpeg", str(fake), "--report", "report.json")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: FFmpeg failed with exit code 7")
    assert "everything is on fire" in done.stderr
    assert f"  command: {fake} " in done.stderr
    assert "Traceback" not in done.stderr
    error = json.loads((tmp_path / "report.json").read_text())["error"]
    assert (error["type"], error["exit_code"]) == ("FFmpegFailedError", 7)
    assert not any(file.name.startswith(("out", ".media")) for file in tmp_path.iterdir())


def test_no_ffmpeg(cli, job):
    job()
    done = cli("run", "job.json", "--ffmpeg", os.devnull)
    assert done.returncode == 1
    assert "Looked at:" in done.stderr
    assert "mediapipeline doctor" in done.stderr


@pytest.fixture
def long_job(job, tmp_path) -> Path:
    """A job that takes minutes, over a clip that was made in no time."""
    make_clip(tmp_path / "long.mkv", duration="60s", gop=250)
    codec = {"video": {"codec": "libx264", "preset": "veryslow", "crf": 10}}
    return job(
        source="long.mkv", width=3840,
        outputs=[{"id": "small", "destination": "out.mp4", "codec": codec}],
    )  # fmt: skip


def start(job: Path, *, background: bool = False) -> subprocess.Popen[str]:
    """The run of *job*; in the background, interrupts are ignored, as shells have it."""
    argv = [sys.executable, "-m", "mediapipeline", "run", "job.json", "--progress", "json", "--report", "report.json"]
    shell = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh"] if background else []
    return subprocess.Popen(
        [*shell, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=job.parent, text=True,
        preexec_fn=None if sys.platform == "win32" else heed_interrupts,  # noqa: PLW1509 - there is one thread
    )  # fmt: skip


def heed_interrupts() -> None:
    """As at a terminal, even where the tests themselves run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def processes_with(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if text in line:
            found.append(line.replace("\0", " "))
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked for in /proc")
@pytest.mark.parametrize(
    ("signum", "background", "code"),
    [(signal.SIGINT, False, 130), (signal.SIGTERM, False, 143), (signal.SIGTERM, True, 143)],
)
def test_cancelling_leaves_no_process_and_no_file(long_job, tmp_path, signum, background, code):
    before = sorted(file.name for file in tmp_path.iterdir())
    with start(long_job, background=background) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["kind"] == "step-progress":
                break
        else:
            pytest.fail(f"the run ended before it began: {process.communicate()}")
        assert processes_with(str(tmp_path / "long.mkv"))
        process.send_signal(signum)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()  # it would be waited for, and take minutes
    assert process.returncode == code
    assert err.splitlines()[-1] == "cancelled"
    assert "Traceback" not in err
    assert processes_with(str(tmp_path)) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted([*before, "report.json"])
    assert json.loads((tmp_path / "report.json").read_text())["error"]["type"] == "RunCancelledError"


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are of POSIX")
@pytest.mark.parametrize(("term", "drawn"), [("xterm-256color", True), ("dumb", False)])
def test_a_bar_is_drawn_on_terminals_that_can(job, tmp_path, term, drawn):
    pytest.importorskip("rich")
    job()
    main_end, terminal = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mediapipeline", "run", "job.json"],
        stdout=subprocess.PIPE, stderr=terminal, cwd=tmp_path, text=True,
        env={**os.environ, "TERM": term, "COLUMNS": "100"},
    )  # fmt: skip
    os.close(terminal)
    seen = bytearray()
    try:
        while data := os.read(main_end, 4096):
            seen += data
    except OSError:  # what Linux says when the other end is closed
        pass
    finally:
        os.close(main_end)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith(str(tmp_path / "out.mp4"))
    assert (b"\x1b[" in seen) is drawn
    assert (b"%" in seen) is drawn
