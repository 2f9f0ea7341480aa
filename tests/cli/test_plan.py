from __future__ import annotations

import json
import subprocess

import pytest

from mediapipeline.cli import main
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.plan import ProcessingPlan


def test_text_is_what_the_plan_explains(cli, job):
    job()
    done = cli("plan", "job.json")
    assert (done.returncode, done.stderr) == (0, "")
    plan = ProcessingPlan.from_dict(json.loads(cli("plan", "job.json", "--format", "json").stdout))
    assert done.stdout == plan.explain()


def test_mermaid(job, capsys):
    assert main(["plan", str(job()), "--format", "mermaid"]) == 0
    assert capsys.readouterr().out.startswith("flowchart LR\n")


def test_the_script_makes_the_output(cli, job, tmp_path, default_engine):
    job()
    done = cli("plan", "job.json", "--format", "shell", "--ffmpeg", str(default_engine.ffmpeg))
    assert done.returncode == 0
    script = done.stdout.replace("\nffmpeg ", f"\n{default_engine.ffmpeg} ")
    subprocess.run(["/bin/sh"], input=script, cwd=tmp_path, check=True, timeout=60, text=True, capture_output=True)
    assert (tmp_path / "out.mp4").stat().st_size > 0


def test_rules_are_chosen_by_name(job, capsys):
    path = str(job(operations=[], outputs=[{"id": "in", "destination": "out.mp4"}]))

    def how(rules: str) -> set[bool]:
        assert main(["plan", path, "--format", "json", "--rules", rules]) == 0
        plan = ProcessingPlan.from_dict(json.loads(capsys.readouterr().out))
        return {stream.encoder is None for stream in plan.output("in").streams}

    assert how("all") == {True}
    assert how("none") == {False}
    assert how("copy_untouched") == how("copy-untouched,merge_cuts") == {True}
    assert how("merge_cuts") == {False}


@pytest.mark.parametrize(
    ("rules", "hint"),
    [
        ("copy_untuched", "did you mean 'copy_untouched'?"),
        ("All", "did you mean 'all'?"),
        ("zzz", ", ".join(rule.__name__ for rule in RULES)),
    ],
)
def test_an_unknown_rule_is_a_mistake_of_usage(job, capsys, rules, hint):
    assert main(["plan", str(job()), "--rules", rules]) == 2
    err = capsys.readouterr().err
    assert f"there is no rule {rules!r}" in err
    assert hint in err


@pytest.mark.parametrize("rules", ["", ",", "seek_video,", " "])
def test_an_empty_name_of_a_rule_is_said_to_be_missing(job, capsys, rules):
    assert main(["plan", str(job()), "--rules", rules]) == 2
    assert f"a name is missing in {rules!r}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--rules", "all,none"], "error: --rules: all stands alone\n"),
        (["--rules", "seek_video,none"], "error: --rules: none stands alone\n"),
        (
            ["--rules", "seek_video,smart-cut"],
            "error: --rules: smart_cut does nothing while the strategy smart_cut is disabled\n",
        ),
        (
            ["--rules", "none", "--strategy", "stream_copy=required"],
            "error: --strategy: stream_copy=required needs the rule copy_concat or copy_untouched, and --rules",
        ),
    ],
)
def test_rules_that_do_not_agree_are_a_mistake_of_usage(job, capsys, given, said):
    assert main(["plan", str(job()), *given]) == 2
    assert capsys.readouterr().err.startswith(said)


def test_a_rule_of_a_strategy_is_applied_where_both_are_asked_for(job):
    assert main(["plan", str(job()), "--rules", "smart_cut,seek_video", "--strategy", "smart_cut=preferred"]) == 0


def test_a_job_that_cannot_be_planned(cli, job, tmp_path):
    job()
    (tmp_path / "in.mp4").write_bytes(b"not media")
    done = cli("plan", "job.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("job.json: 1 problem\n/inputs/0/source: ")


@pytest.mark.parametrize("document", ["", "[]", "null", "\0", '{"inputs": 1}', "[" * 100_000])
def test_no_document_causes_a_traceback(tmp_path, capsys, document):
    (tmp_path / "job.json").write_text(document)
    assert main(["plan", str(tmp_path / "job.json")]) == 2
    assert "problem" in capsys.readouterr().err


def test_strategies(job, capsys):
    path = str(job())
    assert main(["plan", path, "--strategy", "stream-copy=disabled"]) == 0
    assert "copying is switched off" in capsys.readouterr().out
    assert main(["plan", path, "--strategy", "stream_copy=required"]) == 2
    assert "stream_copy is required, and video has to be encoded: changed by scale" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["stream_copy"], "'stream_copy' is not NAME=VALUE"),
        (["stream_coppy=required"], "did you mean 'stream_copy'?"),
        (["stream_copy=sometimes"], "may be disabled, preferred or required, not 'sometimes'"),
        (["stream_copy=required", "stream-copy=disabled"], "given twice, as required and as disabled"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_strategy_that_there_is_not_is_a_mistake_of_usage(job, capsys, command, given, said):
    assert main([command, str(job()), *(word for each in given for word in ("--strategy", each))]) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: --strategy: ")
    assert said in err


@pytest.mark.parametrize("option", ["-v", "--verbose"])
def test_verbose_shows_the_streams_after_each_rule(job, capsys, option):
    assert main(["plan", str(job()), option]) == 0
    assert "\nstreams as the job says\n  in:video → " in capsys.readouterr().out
