"""What all commands have in common: help, exit codes, and streams of every kind."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import mediapipeline
from mediapipeline.cli import main
from mediapipeline.cli.app import _cancellable
from mediapipeline.graph.schema import job_schema

FULL = Path("/dev/full")
COMMANDS = ["run", "validate", "plan", "probe", "operators", "schema", "doctor"]


def test_version_is_that_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"mediapipeline {mediapipeline.__version__}\n"


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_what_should_answer_at_once_imports_nothing_that_costs(argument):
    code = f"""
import sys
from mediapipeline.cli import main
code = main([{argument!r}])
heavy = {{"av", "rich", "numpy", "attr", "attrs", "cattrs", "asyncio", "subprocess"}}
print(code, sorted(heavy & {{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "0 []\n"


def test_a_plain_run_imports_only_what_it_needs(clip_factory, tmp_path):
    """Modules for people, for failures and for what few jobs do are imported by those who need them."""
    job = {
        "inputs": [{"id": "in", "source": str(clip_factory("in.mp4"))}],
        "outputs": [{"id": "out", "input": "in", "destination": str(tmp_path / "out.mp4")}],
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    needless = {"rich", "numpy"} | ({"av"} if shutil.which("ffprobe") else set())  # PyAV probes where ffprobe is not
    code = f"""
import sys
from mediapipeline.cli import main
code = main(["run", {str(tmp_path / "job.json")!r}, "--progress", "none"])
rare = ("cli.doctor", "cli.operators", "display", "ffmpeg.failures", "jobs", "report", "spec.schema", "testing")
found = [name for name in sys.modules for each in rare if (name + ".").startswith(f"mediapipeline.{{each}}.")]
print(code, sorted(found), sorted({needless!r} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == "0 [] []\n"


def test_only_the_program_changes_when_memory_is_looked_through(capsys):
    before = gc.get_threshold(), gc.get_freeze_count()
    assert main(["--version"]) == 0
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
    code = "import gc, atexit; atexit.register(lambda: print(gc.get_freeze_count() > 1000))\n"
    code += "from mediapipeline.__main__ import program\nraise SystemExit(program())"
    done = subprocess.run(
        [sys.executable, "-c", code, "nothing"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, "True\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_ascii(command, capsys):
    assert main([command, "--help"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"usage: mediapipeline {command}")
    assert said.out.isascii()
    assert said.err == ""


def test_help_tells_the_exit_codes(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {code}" in out for code in (0, 1, 2, 130, 143))
    assert all(f"    {command} " in out for command in COMMANDS)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "COMMAND"),
        (["rnu", "job.json"], "invalid choice: 'rnu'"),
        (["run"], "JOB"),
        (["run", "job.json", "--cpus", "0"], "'0' is not a number of cores"),
        (["run", "job.json", "--cpus", "²"], "is not a number of cores"),
        (["run", "job.json", "--over"], "--over"),  # no abbreviations: a new option may not change what one means
        (["validate", "job.json", "--format", "yaml"], "yaml"),
        (["run", "missing.json"], "missing.json: cannot be read: No such file or directory"),
        (["run", "nul\0.json"], "cannot be read"),
        (["validate", "."], "cannot be read: Is a directory"),
    ],
)
def test_a_wrong_command_line_is_2(argv, said, capsys):
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.out == ""


def test_problems_reach_an_ascii_terminal(cli, job):
    job(source="nö.mp4")
    done = cli("validate", "job.json", env={"PYTHONIOENCODING": "ascii:strict"})
    assert done.returncode == 2
    assert done.stderr.isascii()
    assert " - " in done.stderr
    plan = cli("plan", "job.json", "--format", "json", env={"PYTHONIOENCODING": "ascii:strict"})
    assert (plan.returncode, plan.stdout) == (2, "")


def test_data_are_utf8_whatever_the_terminal(cli, job):
    job(destination="ö–→.mp4")
    done = cli("plan", "job.json", "--format", "json", env={"PYTHONIOENCODING": "ascii:strict"})
    assert json.loads(done.stdout)["outputs"][0]["destination"] == "ö–→.mp4"
    text = cli("plan", "job.json", env={"PYTHONIOENCODING": "ascii:strict"})
    assert text.returncode == 0
    assert r"\xf6-->.mp4" in text.stdout


def test_a_reader_that_went_away_fails_nothing(tmp_path, job):
    job()
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mediapipeline", "run", "job.json", "--progress", "json"],
            check=False, stdin=subprocess.DEVNULL, stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, timeout=120,
            text=True,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert (tmp_path / "out.mp4").stat().st_size > 0


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_output_that_cannot_be_written_is_a_failure(tmp_path, job):
    job()
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "mediapipeline", "plan", "job.json"],
            check=False, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, timeout=60, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "No space left" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes the stream")
def test_a_closed_stdout_fails_nothing(tmp_path, job):
    job()
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m mediapipeline validate job.json >&-"],
        check=False, capture_output=True, cwd=tmp_path, timeout=60, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_sigterm_does_what_an_interrupt_does_and_is_told_apart():
    before = signal.getsignal(signal.SIGTERM)
    with _cancellable() as came:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        assert came == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) == before


def test_sigterm_works_where_interrupts_are_switched_off():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _cancellable(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with _cancellable() as came:
            signal.raise_signal(signal.SIGHUP)
            assert came == []
    finally:
        signal.signal(signal.SIGHUP, before)


def test_main_can_be_called_from_any_thread(capsys):
    codes = []
    thread = threading.Thread(target=lambda: codes.append(main(["operators"])))
    thread.start()
    thread.join()
    assert codes == [0]
    assert "scale" in capsys.readouterr().out


def test_schema(cli):
    done = cli("schema")
    assert done.returncode == 0
    schema = json.loads(done.stdout)
    assert schema == job_schema()
    assert done.stderr == ""
