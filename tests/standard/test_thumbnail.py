"""``thumbnail``: which frames it takes, how large, and what cannot be taken."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import zoo
from mediapipeline import ExecutionError, Executor, Planner
from mediapipeline.errors import OutputError
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.testing import clip_info, make_clip
from outcomes import ffmpeg, plan_and_run
from planning import filters, job, op, plan, problems, step


def stills(destination: str = "stills/", source: str = "in.mp4", format: str | None = "png", **params: Any) -> Any:  # noqa: A002
    fields = {"destination": destination} | ({} if format is None else {"format": format})
    return job(op("thumbnail", "in", "t", **params), inputs={"in": source}, outputs={"t": fields})


def hashes(engine: Engine, file: Path, *filters: str) -> list[bytes]:
    """A checksum of each decoded frame, in RGB."""
    chain = ",".join([*filters, "format=rgb24"])
    text = ffmpeg(
        engine, "-i", str(file), "-map", "0:v:0", "-vf", chain, "-fps_mode", "passthrough", "-f", "framehash", "-hash",
        "md5", "-",
    )  # fmt: skip
    return [line.split(b",")[-1].strip() for line in text.splitlines() if not line.startswith(b"#")]


# Planning


@pytest.mark.parametrize(
    ("params", "clip", "times"),
    [
        ({"count": 3}, {"duration": "8s"}, [2, 4, 6]),
        ({"count": 1}, {"duration": "8s"}, [4]),
        ({"at": ["1s", 3, "50%", "0%"]}, {"duration": "8s"}, [1, 3, 4, 0]),
        ({"at": ["100%"]}, {"duration": "8s"}, [8 - Fraction(1, 25)]),
        ({"at": ["2.5s"]}, {"duration": None}, [Fraction(5, 2)]),
    ],
)
def test_when(params, clip, times):
    made = plan(stills(**params), {"in.mp4": clip_info(**clip)}, rules=())
    assert len(made.output("t").files) == len(times)
    graph = filters(made)
    starts = [
        dict(part.options).get("start", 0)
        for chain in graph.chains
        if any(part.name == "trim" for part in chain.filters) or times == [0]
        for part in chain.filters
        if part.name == "trim" and "end_frame" not in dict(part.options)
    ]
    assert starts == [time for time in times if time]


@pytest.mark.parametrize(
    ("params", "clip", "size"),
    [
        ({}, {"size": (64, 48)}, (64, 48)),
        ({"width": 32}, {"size": (64, 48)}, (32, 24)),
        ({"height": 12}, {"size": (64, 48)}, (16, 12)),
        ({"width": 32, "height": 12}, {"size": (64, 48)}, (16, 12)),
        ({}, {"size": (64, 48), "sar": "4/3"}, (85, 48)),
        ({"width": 32}, {"size": (48, 64), "sar": "2/1"}, (32, 21)),
    ],
)
def test_how_large(params, clip, size):
    video = plan(stills(count=1, **params), {"in.mp4": clip_info(**clip)}).output("t").files[0].media.video
    assert video is not None
    assert (video.width, video.height, video.sar) == (*size, 1)


@pytest.mark.parametrize(
    ("document", "clip", "path", "code"),
    [
        (stills(), {}, "/operations/0/params", "missing-parameter"),
        (stills(at=["1s"], count=2), {}, "/operations/0/params", "exclusive-parameters"),
        (stills(count=1000), {}, "/operations/0/params/count", "out-of-range"),
        (stills(at=["101%"]), {}, "/operations/0/params/at/0", None),
        (stills(at=["5s", "10s"]), {"duration": "10s"}, "/operations/0/params/at/1", "start-beyond-end"),
        (stills(at=["9.99s"]), {"duration": "10s"}, "/operations/0/params/at/0", "start-beyond-end"),
        (stills(count=2), {"duration": None}, "/operations/0/params/count", "unknown-duration"),
        (stills(at=["1s", "50%"]), {"duration": None}, "/operations/0/params/at/1", "unknown-duration"),
        (stills(count=1), {"size": None}, "/operations/0", "wrong-media"),
        (stills("t.png", count=2), {}, "/outputs/0/destination", "several-files"),
        (stills("a%03d.png", count=2), {}, "/outputs/0/destination", "several-files"),
        (stills("t/", format=None, count=2), {}, "/outputs/0", "missing-format"),
        (stills("t/", format="mp4", count=2), {}, "/outputs/0/format", "not-a-picture-format"),
        (stills("t.mp4", format=None, count=1), {}, "/outputs/0/destination", "not-a-picture-format"),
        (stills("./", count=1), {}, "/outputs/0/destination", "is-a-folder"),
        (stills("t//", count=1), {}, "/outputs/0/destination", "is-a-folder"),
        (job(outputs={"in": {"destination": "out/", "format": "mp4"}}), {}, "/outputs/0/destination", "is-a-folder"),
    ],
)
def test_what_cannot_be_taken(document, clip, path, code):
    found = problems(document, {"in.mp4": clip_info(**clip)})
    assert {p.path for p in found} == {path}
    assert code is None or {p.code for p in found} == {code}
    assert all(p.hint or p.kind == "spec" for p in found)


def test_files_only_go_to_an_output():
    document = job(op("thumbnail", "in", "t", count=2), op("hflip", "t", "u"), outputs={"u": "u.png"})
    (found,) = problems(document)
    assert (found.path, found.code) == ("/operations/1", "wrong-media")
    assert "files" in found.message


def test_one_picture_may_be_one_file():
    made = plan(stills("a%03d.jpg", format=None, count=1)).output("t")
    assert made.files == ()
    assert (made.container, made.media.still) == ("jpg", True)


def test_many_are_read_a_few_at_a_time():
    made = plan(stills(count=40), {"in.mp4": clip_info(duration="3600s")})
    inputs = [len(step(made, number).command.inputs) for number in range(len(made.steps))]
    assert sum(inputs) == 40
    assert max(inputs) <= 16
    assert all(step.needs == () for step in made.steps)  # whoever is to have all of them waits for each
    assert made.output("t").step == made.steps[-1].id


def test_a_scan_reads_once():
    made = plan(stills(count=40), {"in.mp4": clip_info(duration="3600s")}, rules=())
    assert len(made.steps) == len(step(made).command.inputs) == 1


def test_json_and_text():
    made = plan(stills(count=5))
    assert ProcessingPlan.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    assert "stills/ (png, 5 files)" in made.explain()
    assert "and 2 more" in made.explain()
    script = made.to_shell()
    assert "mkdir -p stills/" in script
    assert "file:stills/005.png" in script


# Running


@pytest.mark.parametrize("rules", ["all", "none"])
@pytest.mark.parametrize(
    "name", ["b-frames", "ntsc-mkv", "ts-late-start", "rotated-90", "webm-vp9", "vfr-mp4", "vfr-mkv"]
)
def test_a_still_is_the_frame_of_a_full_decode(name: str, rules: str, tmp_path: Path, engine: Engine) -> None:
    clip = zoo.make(name, tmp_path)
    document = stills(source=clip.name, at=["0s", "0.36s", "0.4s"])
    options: dict[str, Any] = {} if rules == "all" else {"rules": ()}
    made = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg, **options).plan(document)
    result = Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(made)
    times = _times(engine, clip)
    frames = hashes(engine, clip)
    wanted = [next(at for at, time in enumerate(times) if time >= each) for each in (0, 0.36, 0.4)]
    found = [hashes(engine, tmp_path / "stills" / file.name) for file in result.outputs["t"].files]
    assert found == [[frames[at]] for at in wanted]


def _times(engine: Engine, clip: Path) -> list[float]:
    """When each frame begins, from the start of the file, to the microsecond."""
    text = ffmpeg(
        engine, "-i", str(clip), "-map", "0:v:0", "-vf", "settb=1/1000000", "-enc_time_base", "1/1000000", "-fps_mode",
        "passthrough", "-f", "framehash", "-",
    )  # fmt: skip
    return [int(line.split(b",")[2]) / 1e6 + 2e-6 for line in text.splitlines() if not line.startswith(b"#")]


@pytest.fixture
def long(tmp_path: Path) -> Path:
    make_clip(tmp_path / "in.mp4", duration="12s", video_codec="libx264", gop=50)
    return tmp_path


def test_with_and_without_rules_the_same(long: Path, engine: Engine) -> None:
    document = stills(at=["0.5s", "50%", "99%", "100%", "0.9s"], width=32)
    made, result = plan_and_run(document, long, engine)
    first = [(long / "stills" / file.name).read_bytes() for file in result.outputs["t"].files]
    scan = Planner(base_dir=long, ffmpeg=engine.ffmpeg, rules=()).plan(document)
    scanned = Executor(base_dir=long, ffmpeg=engine.ffmpeg).run(scan, overwrite=True)
    assert [(long / "stills" / file.name).read_bytes() for file in scanned.outputs["t"].files] == first
    assert _decoded(result) < _decoded(scanned) == 300
    assert len(step(made).command.inputs) == 3


def _decoded(result: ExecutionResult) -> int:
    return sum(step.frames_decoded or 0 for step in result.steps)


def test_key_frames_where_the_job_allows_it(long: Path, engine: Engine) -> None:
    _, result = plan_and_run(stills(at=["3s", "5s"], snap="keyframe"), long, engine)
    frames = hashes(engine, long / "in.mp4")
    found = [hashes(engine, long / "stills" / name) for name in ("001.png", "002.png")]
    assert found == [[frames[50]], [frames[100]]]
    assert _decoded(result) <= 9, "no more than there are key frames from there on, for those who decode ahead"


def test_the_other_formats(long: Path, engine: Engine) -> None:
    for name in ("jpg", "webp"):
        _, result = plan_and_run(stills(f"{name}s/", format=name, count=2), long, engine)
        assert [file.name for file in result.outputs["t"].files] == [f"001.{name}", f"002.{name}"]


def test_a_folder_is_published_whole_or_not_at_all(long: Path, engine: Engine) -> None:
    planned = Planner(base_dir=long, ffmpeg=engine.ffmpeg).plan(stills(count=3))
    executor = Executor(base_dir=long, ffmpeg=engine.ffmpeg)
    result = executor.run(planned, checksums=True)
    assert all(file.sha256 for file in result.outputs["t"].files)
    assert ExecutionResult.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    with pytest.raises(OutputError, match="exists already"):
        executor.run(planned)
    (long / "stills" / "old.png").write_bytes(b"of an earlier run")
    executor.run(planned, overwrite=True)
    assert sorted(path.name for path in (long / "stills").iterdir()) == ["001.png", "002.png", "003.png"]
    (long / "stills" / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"letter\.txt"):
        executor.run(planned, overwrite=True)
    assert (long / "stills" / "letter.txt").read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in long.iterdir()) == ["in.mp4", "stills"]


def test_a_still_that_is_not_there_fails_and_leaves_nothing(tmp_path: Path, engine: Engine) -> None:
    """FFmpeg writes nothing and reports success; where the length is not known only the check afterwards can tell."""
    clip = make_clip(tmp_path / "in.mp4", duration="1s", video_codec="libx264")
    clip.rename(tmp_path / "in.mp4")
    planned = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(stills(at=["0.2s", "0.5s"]))
    late = ProcessingPlan.from_dict(_later(planned.to_dict()))
    with pytest.raises(ExecutionError):
        Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(late)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def _later(planned: Any) -> Any:
    text = json.dumps(planned).replace('"0.2"', '"7"')
    assert '"7"' in text
    return json.loads(text)
