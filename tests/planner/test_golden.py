"""What plans look like to people: explain, commands, scripts and flowcharts of jobs that show the whole of planning."""

from __future__ import annotations

import json
import re
import shlex
from fractions import Fraction
from typing import Any

import attrs
import jsonschema
import pytest

from mediapipeline.graph.schema import job_schema
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.plan import AFTER_RULES, ProcessingPlan
from mediapipeline.testing import Capabilities, FakeProber, clip_info
from planner.notation import described
from planning import job, op, plan

H264_AAC = {"video": {"codec": "libx264", "preset": "medium", "crf": 23}, "audio": {"codec": "aac", "bitrate": "128k"}}
FILM = clip_info(
    duration="60s",
    audio=["stereo", "5.1"],
    subtitles=["subrip"],
    languages=["eng", "deu", "eng"],
    chapters=[("0s", "30s", "One"), ("30s", "60s", "Two; #2")],
    metadata={"title": "A film"},
)
CLIPS = {
    "in.mp4": clip_info(duration="60s"),
    "film.mkv": FILM,
    "logo.png": clip_info(still=True, size="200x100", video="png", pix_fmt="rgba"),
    "corner.mp4": clip_info(duration="90s", size="640x360", rate="30000/1001"),
    "one.mp4": described(clip_info(duration="10s")),
    "two.mp4": described(clip_info(duration="8s")),
    "other.mp4": described(clip_info(duration="9s", sample_rate=44100), "bb"),
    "talk.mp4": described(clip_info(duration="600s")),
    "air.ts": attrs.evolve(described(clip_info(duration="600s")), start=Fraction(4, 3)),
    "song.flac": clip_info(duration="200s", size=None, audio_codec="flac", sample_rate=44100),
}

SCHEMA = job_schema()

JOBS: dict[str, dict[str, Any]] = {
    "trim-and-scale": job(
        op("trim", "in", "part", start="10s", duration="15s"),
        op("scale", "part", "small", width=1280, height=720, algorithm="lanczos"),
        outputs={"small": {"destination": "out.mp4", "codec": H264_AAC}},
    ),
    "three-outputs": job(
        op("scale", "in", "hd", size="720p"),
        op("scale", "in", "sd", size="360p"),
        outputs={
            "hd": "hd.mp4",
            "sd": {"destination": "sd.mp4", "codec": {"video": "libx264", "audio": "aac"}},
            "sound": {"input": "in", "destination": "sound.mp3"},
        },
    ),
    "one-clip-twice": job(
        op("hflip", "in", "mirror"),
        outputs={
            "mp4": {"input": "mirror", "destination": "a.mp4"},
            "webm": {"input": "mirror", "destination": "a.webm"},
        },
    ),
    "overlay": job(
        op("overlay", {"base": "in", "overlay": "corner"}, "both", position="bottom_right", margin=16),
        op("overlay", {"base": "both", "overlay": "logo"}, "all", position="top_left", margin=8),
        inputs={"in": "in.mp4", "corner": "corner.mp4", "logo": "logo.png"},
        outputs={"all": "all.mp4"},
    ),
    "logo-then-part": job(
        op("overlay", {"base": "in", "overlay": "logo"}, "marked", position="bottom_right"),
        op("trim", "marked", "part", start="40s", duration="5s"),
        op("thumbnail", "marked", "still", at=["50s"]),
        inputs={"in": "in.mp4", "logo": "logo.png"},
        outputs={"part": "part.mp4", "still": "still.png"},
    ),
    "diamond": job(
        op("trim", "in", "part", start="5s", end="15s"),
        op("scale", "part", "small", size="320x180"),
        op("hflip", "part", "mirror"),
        op("overlay", ["mirror", "small"], "out", position="center"),
        outputs={"out": "out.mp4"},
    ),
    "audio-only": job(
        op("trim", "song", "part", start="30s", end="60s"),
        inputs={"song": "song.flac"},
        outputs={"part": "part.mp3", "whole": {"input": "song", "destination": "whole.flac"}},
    ),
    "no-operations": job(outputs={"in": "copy.mkv"}),
    "audio-copied": job(op("hflip", "in", "mirror"), outputs={"mirror": "mirror.mp4"}),
    "cut-film": job(
        op("trim", "film", "part", start="20s", end="40s"),
        inputs={"film": "film.mkv"},
        outputs={"part": {"destination": "part.mp4", "metadata": {"title": "", "artist": "Nobody"}}},
    ),
    "joined": job(
        op("concat", ["one", "two", "one"], "all"),
        op("concat", ["one", "other"], "mixed"),
        inputs={"one": "one.mp4", "two": "two.mp4", "other": "other.mp4"},
        outputs={"all": "all.mp4", "mixed": "mixed.mkv"},
    ),
    "keyframes": job(
        op("trim", "in", "part", start="20s", end="40s", accuracy="keyframe"), outputs={"part": "part.mp4"}
    ),
    "loudness": job(
        op("trim", "film", "part", start="20s", end="40s"),
        op("loudnorm", "part", "loud", target_lufs=-23),
        inputs={"film": "film.mkv"},
        outputs={"loud": "loud.mkv"},
    ),
    "nested-cuts": job(
        op("scale", "in", "small", width=640, height=360),
        op("trim", "small", "half", start="20s"),
        op("trim", "half", "part", start="1001/30000", duration="5s"),
        outputs={"part": "part.mp4"},
    ),
    "parts-apart": job(
        op("trim", "in", "late", start="40s", duration="2s"),
        op("trim", "in", "early", start="10s", duration="2s"),
        op("hflip", "in", "mirror"),
        op("trim", "mirror", "again", start="40s", duration="2s"),
        outputs={"late": "late.mp4", "early": "early.mp4", "again": "again.mkv", "in": "whole.mkv"},
    ),
    "mixed": job(
        op("mix", ["in", "song"], "both", weights=[1, 0.5], duration="first"),
        inputs={"in": "in.mp4", "song": "song.flac"},
        outputs={"both": "both.mp4"},
    ),
    "package": job(
        op("scale", "in", "small", size="360p"),
        op("hls", ["in", "small"], "stream", segment="4s"),
        outputs={"stream": "stream/"},
    ),
    "smart-cut": job(
        op("trim", "talk", "part", start="63.3s", end="200.5s"),
        inputs={"talk": "talk.mp4"},
        outputs={"part": "part.mp4"},
    ),
    "smart-cut-parts": job(
        op("trim", "talk", "first", start="63.3s", end="100s"),
        op("trim", "talk", "last", start="200s", end="251.7s"),
        op("concat", ["first", "last"], "short"),
        inputs={"talk": "talk.mp4"},
        outputs={"short": {"destination": "short.mkv", "codec": {"video": "h264", "audio": "aac"}}},
    ),
    "smart-cut-refused": job(
        op("trim", "talk", "part", start="63.3s", end="64.7s"),
        inputs={"talk": "talk.mp4"},
        outputs={"part": "part.mp4"},
    ),
    "smart-cut-required": job(
        op("trim", "talk", "part", start="63.3s", end="66.7s"),
        inputs={"talk": "talk.mp4"},
        outputs={"part": "part.mp4"},
    ),
    "smart-cut-stream": job(
        op("trim", "air", "part", start="63.3s", end="200.5s"),
        inputs={"air": "air.ts"},
        outputs={"part": "part.ts"},
    ),
    "stream": job(
        op("trim", "air", "part", start="63.3s", end="200.5s"),
        inputs={"air": "air.ts"},
        outputs={"part": "part.mp4"},
    ),
    "thumbnails": job(
        op("thumbnail", "talk", "pictures", count=4),
        inputs={"talk": "talk.mp4"},
        outputs={"pictures": {"destination": "pictures/", "format": "jpg"}},
    ),
    "two-passes": job(
        op("scale", "in", "small", size="360p"),
        outputs={
            "small": {"destination": "a.mp4", "codec": {"video": {"bitrate": "1M", "two_pass": True}, "audio": "copy"}}
        },
    ),
}


SMART: dict[str, Any] = {
    "prober": FakeProber(CLIPS, gop=50), "strategies": {"smart_cut": "preferred"}
}  # fmt: skip
LOOKED_AT = {"prober": SMART["prober"]}
OPTIONS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("smart-cut", "smart-cut-parts", "smart-cut-refused", "smart-cut-stream"), SMART),
    "smart-cut-required": LOOKED_AT | {"strategies": {"smart_cut": "required"}},
    "stream": LOOKED_AT,
}
"""What the planner of some of them is told besides."""


def planned(name: str) -> ProcessingPlan:
    return plan(JOBS[name], CLIPS, **OPTIONS.get(name, {}))


VERBOSE = {"diamond", "nested-cuts", "parts-apart", "smart-cut", "stream", "thumbnails"}
"""Jobs of which it is shown what each rule made of them."""


@pytest.mark.parametrize("name", JOBS)
def test_plan(name, golden):
    made = planned(name)
    texts = {
        "explain": made.explain(verbose=name in VERBOSE),
        "shell": re.sub(r"(<<'PYTHON'\n).*?\nPYTHON$", r"\1…\nPYTHON", made.to_shell(), flags=re.DOTALL | re.MULTILINE),
        "mermaid": made.to_mermaid(),
    }
    golden(f"plans/{name}.txt", "\n".join(f"== {kind}\n{text.rstrip()}\n" for kind, text in texts.items()))


def test_json(golden):
    """What ``plan --format json`` prints, and what programs are told, but for estimates and checksums of facts."""
    made = planned("audio-copied")
    told = {"plan": _settled(made.to_dict()), "explained": _settled(made.explain_json())}
    golden("plans/audio-copied.json", json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settled(each) for key, each in value.items() if key not in _UNSETTLED}
    return [_settled(each) for each in value] if isinstance(value, list) else value


_UNSETTLED = frozenset({"resources", "workload", "fingerprint"})


@pytest.mark.parametrize("name", JOBS)
def test_programs_are_told_what_people_are(name):
    made = planned(name)
    told = json.loads(json.dumps(made.explain_json()))
    assert [output["id"] for output in told["outputs"]] == [output.id for output in made.outputs]
    for output in told["outputs"]:
        assert all((s["how"] == "copy") == (s["encoder"] is None) and s["reason"] for s in output["streams"])
    assert [decision["text"] for decision in told["decisions"]] == [decision.text for decision in made.decisions]
    assert [rewrite["by"] for rewrite in told["trace"]][:1] == [""]
    assert {rewrite["by"] for rewrite in told["trace"][1:]} <= {*(rule.__name__ for rule in RULES), AFTER_RULES}
    late = [reading for step in told["steps"] for reading in step["reads"] if reading["from"] != "0"]
    assert bool(late) == bool(re.search(r"^     reads .* from ", made.explain(), re.MULTILINE))


def test_drawings_say_that_edges_are_encoded():
    shown = planned("smart-cut")._repr_mimebundle_()
    said = "video: copy (edges encoded), audio: aac"
    assert said in shown["image/svg+xml"]
    assert said in shown["text/vnd.mermaid"]
    assert "video: copy (edges encoded); audio: aac" in shown["text/html"]
    assert planned("smart-cut").explain_json()["outputs"][0]["streams"][0]["edges_encoded"] is True


def test_an_operation_says_that_it_is_left_out_and_nothing_of_a_cost_that_it_does_not_have():
    made = plan(
        job(
            op("scale", "in", "same", width=1920, height=1080),
            op("trim", "same", "part", start="5s"),
            outputs={"part": "a.mp4"},
        )
    )
    lines = made.explain().splitlines()
    assert "  1. scale(width=1920, height=1080): in → same (left out: it changes nothing)" in lines
    assert "  2. trim(start=5s): same → part" in lines


def test_several_values_of_a_parameter_are_shown_without_quotes():
    made = plan(
        job(op("thumbnail", "in", "out", at=["1s", "5s"]), outputs={"out": {"destination": "o/", "format": "png"}})
    )
    assert "thumbnail(at=[1, 5]): in → out" in made.explain()


def test_numbers_of_operations_are_aligned():
    chain = [op("hflip", f"c{n}" if n else "in", f"c{n + 1}") for n in range(10)]
    lines = plan(job(*chain, outputs={"c10": "a.mp4"})).explain().splitlines()
    found = [line.partition("hflip")[0] for line in lines if ". hflip(" in line]
    assert found == [*(f"   {number}. " for number in range(1, 10)), "  10. "]


def test_what_nobody_would_read_is_not_kept():
    chain = [op("hflip", f"c{n}" if n else "in", f"c{n + 1}") for n in range(3000)]
    made = plan(job(*chain, outputs={"c3000": "a.mp4"}))
    assert made.trace == ()
    assert "streams: left out, there are too many to read" in made.explain(verbose=True)
    assert "streams: left out" not in made.explain()


@pytest.mark.parametrize("name", JOBS)
def test_the_schema_takes_them(name):
    jsonschema.validate(JOBS[name], SCHEMA)


@pytest.mark.parametrize("name", JOBS)
def test_json_round_trip(name):
    made = planned(name)
    data = json.loads(json.dumps(made.to_dict()))
    again = ProcessingPlan.from_dict(data)
    assert again == made
    assert again.to_dict() == data
    assert again.explain() == made.explain()
    assert again.to_shell() == made.to_shell()


@pytest.mark.parametrize("name", JOBS)
def test_plans_are_the_same_every_time_and_everywhere(name, tmp_path, monkeypatch):
    first = json.dumps(planned(name).to_dict())
    monkeypatch.chdir(tmp_path)
    second = json.dumps(planned(name).to_dict())
    assert first == second
    assert str(tmp_path) not in second


@pytest.mark.parametrize("name", JOBS)
def test_the_script_holds_the_commands(name):
    made = planned(name)
    joined = made.to_shell().replace(" \\\n ", "")
    for argv in made.commands():
        late = re.sub(r"late@(late\d+)", r"""'"$\1"'""", shlex.join(argv))  # worked out by the script
        assert late in joined


@pytest.mark.parametrize("version", ["5.1", "7.0", "8.0", "9.0"])
def test_what_a_plan_needs_is_there_in_every_supported_version(version):
    for document in JOBS.values():
        made = plan(document, CLIPS)
        assert Capabilities.assume(version).missing(made.requires) == ()


def test_a_plan_of_another_format_is_refused():
    data = plan(JOBS["no-operations"], CLIPS).to_dict()
    with pytest.raises(ValueError, match="plan format 2 is not readable"):
        ProcessingPlan.from_dict(data | {"format_version": 2})
    with pytest.raises(ValueError, match="ProcessingPlan"):
        ProcessingPlan.from_dict({"format_version": 1, "steps": [], "unheard_of": 1})
