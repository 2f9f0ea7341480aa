"""How FFmpeg is told to share what it reads: so that no stream of a process ever waits for another for ever."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mediapipeline.executor.executor import Executor
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.command import Command
from mediapipeline.ffmpeg.filtergraph import InputStream
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.planner import Planner
from mediapipeline.steps import FFmpegStep
from mediapipeline.testing import clip_info
from mediapipeline.testing.media import ClipRecipe, make_clip
from planning import job, op, plan

_ENCODED = {"video": {"codec": "libx264", "preset": "ultrafast", "crf": 40}, "audio": "aac"}
_FILTERED_AND_AS_IT_IS = job(
    op("fps", "in", "paced", fps="30000/1001"),
    outputs={
        "paced": {"destination": "paced.ts", "codec": _ENCODED},
        "out": {"input": "in", "destination": "out.mkv", "codec": _ENCODED},
    },
)
_COPIED = job(
    op("volume", "in", "quiet", gain_db=-3), op("fps", "quiet", "paced", fps="30000/1001"),
    outputs={
        "paced": {"destination": "paced.ts", "codec": _ENCODED},
        "quiet": {"destination": "quiet.mkv", "codec": {"video": "copy", "audio": "aac"}},
    },
)  # fmt: skip
_CODECS_OF_TWO = job(
    outputs={
        "a": {"input": "in", "destination": "a.mkv", "codec": {"video": "libx264", "audio": "libopus"}},
        "b": {"input": "in", "destination": "b.mkv", "codec": {"video": "mpeg4", "audio": "flac"}},
    }
)
_CODEC = {"video": "ffv1", "audio": "flac"}
_TWICE_LAID_OVER = job(
    {"op": "overlay", "inputs": {"base": "in", "overlay": "logo"}, "output": "a"},
    {"op": "overlay", "inputs": {"base": "in", "overlay": "logo"}, "output": "b", "params": {"position": "center"}},
    inputs={"in": "in.mp4", "logo": "logo.mp4"},
    outputs={name: {"destination": f"{name}.mkv", "codec": _CODEC} for name in ("a", "b")},
)
_LAID_OVER_AND_MIRRORED = job(
    {"op": "overlay", "inputs": {"base": "in", "overlay": "logo"}, "output": "a"},
    op("trim", "a", "b", end="1s"), op("hflip", "in", "c"), op("volume", "logo", "d", gain_db=-3),
    inputs={"in": "in.mp4", "logo": "logo.mp4"},
    outputs={name: {"destination": f"{name}.mkv", "codec": _CODEC} for name in "bcd"},
)  # fmt: skip
_JOINED_AND_BY_ITSELF = job(
    op("concat", ["in", "logo", "in"], "a"), op("scale", "in", "b", width=32),
    inputs={"in": "in.mp4", "logo": "logo.mp4"},
    outputs={name: {"destination": f"{name}.mkv", "codec": _CODEC} for name in "ab"},
)  # fmt: skip
_OF_TWO = {
    "twice laid over": _TWICE_LAID_OVER,
    "laid over and mirrored": _LAID_OVER_AND_MIRRORED,
    "joined": _JOINED_AND_BY_ITSELF,
}
_JOBS = {"filtered and as it is": _FILTERED_AND_AS_IT_IS, "copied": _COPIED, "two codecs": _CODECS_OF_TWO}


def _commands(made: ProcessingPlan) -> Iterator[Command]:
    return (step.command for step in made.steps if isinstance(step, FFmpegStep))


def _fed(command: Command) -> Iterator[tuple[InputStream, str]]:
    """Every stream that is taken of an input, and what takes it: the graph, or an output past it, or as packets."""
    for chain in command.graph.chains if command.graph is not None else ():
        yield from ((pad, "graph") for pad in chain.inputs if isinstance(pad, InputStream))
    for output in command.outputs:
        for at, pad in enumerate(output.maps):
            if isinstance(pad, InputStream):
                copied = (f"c:{at}", "copy") in output.options
                yield pad, "copy" if copied else "output"


@pytest.mark.parametrize("rules", [None, ()], ids=["all rules", "no rules"])
@pytest.mark.parametrize("document", _JOBS.values(), ids=_JOBS)
def test_what_is_filtered_is_fed_to_the_graph_alone(document: dict[str, Any], rules: tuple[()] | None) -> None:
    made = plan(document, {"in.mp4": clip_info(subtitles=["subrip"])}, **({} if rules is None else {"rules": rules}))
    for command in _commands(made):
        takers: dict[int, dict[InputStream, list[str]]] = {}
        for stream, taker in _fed(command):
            takers.setdefault(stream.index, {}).setdefault(stream, []).append(taker)
        for found in (found for index in (0, 1) for found in takers.get(index, {}).values()):  # picture and sound
            assert set(found) == {"graph"} or ("graph" not in found and found.count("output") <= 1)


def test_outputs_of_which_one_has_few_packets_do_not_wait_for_each_other(tmp_path: Path, engine: Engine) -> None:
    """Of FFmpeg 9.0 that fed them by several graphs, four of five such runs came to a standstill."""
    cues = (("0.5s", "2s", "one"), ("1.9s", "4.6s", "two"), ("6s", "8.5s", "three"))
    make_clip(tmp_path / "in.mp4", ClipRecipe(
        duration="9s", video_codec="libx264", gop=25, b_frames=2, audio=1, subtitles=[cues, cues[1:]]))  # fmt: skip
    made = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(_FILTERED_AND_AS_IT_IS)
    for _ in range(3):
        Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg, stall_timeout=10).run(made, overwrite=True)


@pytest.mark.parametrize("rules", [None, ()], ids=["all rules", "no rules"])
@pytest.mark.parametrize("document", [*_JOBS.values(), *_OF_TWO.values()], ids=[*_JOBS, *_OF_TWO])
def test_where_inputs_meet_each_stream_is_taken_once(document: dict[str, Any], rules: tuple[()] | None) -> None:
    """And picture and sound never meet."""
    clips = {
        "in.mp4": clip_info(size=(1280, 720), duration="2s"),
        "logo.mp4": clip_info(size=(320, 180), duration="1s"),
    }
    made = plan(document, clips, **({} if rules is None else {"rules": rules}))
    parts = [part for command in _commands(made) if command.graph is not None for part in command.graph.parts]
    assert parts
    for part in parts:
        taken = [pad for chain in part.chains for pad in chain.inputs if isinstance(pad, InputStream)]
        assert len({pad.index for pad in taken}) == 1
        assert len({pad.input for pad in taken}) == 1 or len(taken) == len(set(taken))


def test_two_that_lay_the_same_over_the_same_do_not_wait_for_each_other(tmp_path: Path, engine: Engine) -> None:
    """Without rules, and where the picture ends before the sound, FFmpeg 9.0 came to a standstill in 1 of 60 runs."""
    make_clip(tmp_path / "in.mp4", ClipRecipe(duration="1.3s", audio=1))
    make_clip(tmp_path / "logo.mp4", ClipRecipe(size=(32, 24), audio=1))
    made = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg, rules=()).plan(_TWICE_LAID_OVER)
    for _ in range(3):
        Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg, stall_timeout=10).run(made, overwrite=True)
