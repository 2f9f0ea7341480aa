from __future__ import annotations

import json
import os

import pytest

from documents import DOCUMENTS, INPUTS, OPERATIONS, OUTPUTS, changed
from mediapipeline.cli import main
from mediapipeline.errors import Problems
from mediapipeline.spec import JobSpec, load_partly

WRONG = {
    "inputs": [{"id": "in", "source": "in.mp4"}],
    "operations": [
        {"op": "scale", "input": "in", "output": "a", "params": {"width": "wide"}},
        {"op": "scal", "input": "a", "output": "small", "params": {"width": 32}},
    ],
    "outputs": [{"id": "small", "destination": "out.mp4"}, {"id": "lost", "destination": "lost.mp4"}],
}


def test_a_valid_job(cli, job):
    job()
    done = cli("validate", "job.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, "job.json: valid\n", "")


def test_a_valid_job_as_json(job, capsys):
    assert main(["validate", str(job()), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"valid": True, "problems": []}


def test_every_problem_is_a_line(cli, job, golden):
    job(**WRONG)
    done = cli("validate", "job.json")
    assert (done.returncode, done.stdout) == (2, "")
    golden("cli/validate.txt", done.stderr)


def test_problems_as_json(cli, job):
    job(**WRONG)
    done = cli("validate", "job.json", "--format", "json")
    assert done.returncode == 2
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert list(found) == ["valid", "problems"]
    assert found["valid"] is False
    assert all(list(problem) == ["path", "code", "message", "hint"] for problem in found["problems"])
    assert {"/operations/0/params/width", "/operations/1/op", "/outputs/1"} <= {
        "/".join(problem["path"].split("/")[:5]).removesuffix("/id").removesuffix("/input")
        for problem in found["problems"]
    }


def test_inputs_are_probed_unless_told_otherwise(job, capsys):
    path = str(job(source="missing.mp4"))
    assert main(["validate", path]) == 2
    assert capsys.readouterr().err.startswith(f"{path}: 1 problem\n/inputs/0/source: ")
    assert main(["validate", path, "--no-probe"]) == 0
    assert "as far as can be told" in capsys.readouterr().out


def test_without_probing_no_ffmpeg_is_needed(cli, job):
    job()
    nowhere = {"MEDIAPIPELINE_FFMPEG": os.devnull}
    assert cli("validate", "job.json", "--no-probe", env=nowhere).returncode == 0
    done = cli("validate", "job.json", env=nowhere)
    assert done.returncode == 1
    assert "no FFmpeg was found" in done.stderr
    assert "mediapipeline doctor" in done.stderr


def test_the_job_may_come_from_stdin(cli, job):
    text = job().read_text()
    done = cli("validate", "-", stdin=text)
    assert (done.returncode, done.stdout) == (0, "stdin: valid\n")
    done = cli("validate", "-", stdin="{")
    assert done.returncode == 2
    assert done.stderr.startswith("stdin: 1 problem\n(the document): ")


def test_relative_paths_are_those_of_the_jobs_folder(tmp_path, job, capsys, monkeypatch):
    path = job()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["validate", str(path)]) == 0
    assert main(["validate", str(path), "--base-dir", "."]) == 2
    assert main(["validate", str(path), "--base-dir", "nowhere"]) == 2
    assert "--base-dir: 'nowhere' is not a folder" in capsys.readouterr().err


def test_escapes_in_a_job_do_not_reach_the_terminal(job, capsys):
    main(["validate", str(job(source="\x1b[31mred\n.mp4"))])
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert len(err.splitlines()) == 2


def test_fix_prints_the_document_as_this_system_has_it(cli, job):
    moved = {"op": "scale", "input": "in", "output": "small", "width": 32, "height": 32}
    job(operations=[moved], webhook_url="https://example.org")
    done = cli("validate", "job.json", "--fix")
    assert done.returncode == 0
    fixed = json.loads(done.stdout)
    assert fixed["operations"] == [
        {"op": "scale", "input": "in", "output": "small", "params": {"width": 32, "height": 32}}
    ]
    assert "webhook_url" not in fixed
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        "changed /webhook_url",
        "changed /operations/0",
    ]


def test_fix_leaves_what_it_is_not_certain_of(cli, job):
    job(**WRONG)
    done = cli("validate", "job.json", "--fix")
    assert done.returncode == 2
    assert json.loads(done.stdout)["operations"] == WRONG["operations"]
    assert "unknown-operator" in done.stderr


def test_fix_as_json(job, capsys):
    assert main(["validate", str(job(webhook_url="https://example.org")), "--fix", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["valid"]
    assert [change["path"] for change in found["changes"]] == ["/webhook_url"]
    assert "webhook_url" not in found["document"]


def test_what_is_no_document_is_not_fixed(cli):
    done = cli("validate", "-", "--fix", stdin="[1]")
    assert (done.returncode, done.stdout) == (2, "")
    assert "wrong-type" in done.stderr


DOCUMENT_PARTS = [
    *(document for document, _ in DOCUMENTS if not isinstance(document, str)),
    *(changed(inputs=[{"id": "in", "source": "x"}, part]) for part, _ in INPUTS),
    *(changed(operations=[{"op": "hflip", "input": "in", "output": "a"}, part]) for part, _ in OPERATIONS),
    *(changed(outputs=[{"id": "in", "destination": "out.mp4"}, part]) for part, _ in OUTPUTS),
]


@pytest.mark.parametrize("document", DOCUMENT_PARTS, ids=lambda document: json.dumps(document)[:60])
def test_the_command_line_says_what_the_reader_says(document, tmp_path, capsys):
    read = Problems()
    load_partly(document, problems=read)
    (tmp_path / "job.json").write_text(json.dumps(document))
    code = main(["validate", str(tmp_path / "job.json"), "--no-probe", "--format", "json"])
    said = json.loads(capsys.readouterr().out)
    assert said["valid"] == (code == 0)
    assert {(p.path, p.code) for p in read} <= {(p["path"], p["code"]) for p in said["problems"]}
    if not said["problems"]:
        assert JobSpec.from_dict(document)
