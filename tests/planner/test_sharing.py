"""What files of one process are said to share is what its command does once."""

from __future__ import annotations

import attrs
import pytest

from mediapipeline.planner.rule import Notes
from mediapipeline.planner.rules.share_streams import share_streams
from mediapipeline.planner.sharing import shared_by
from mediapipeline.planner.streams import Filter, Sink, Source, StreamGraph
from mediapipeline.steps.step import FFmpegStep
from mediapipeline.testing import clip_info
from planning import job, op, picture, plan

H264 = {"video": "libx264", "audio": "copy"}
VP9 = {"video": "libvpx-vp9", "audio": "none"}


@pytest.mark.parametrize(
    ("operations", "outputs", "shared"),
    [
        ([op("hls", "in", "out", segment=2)], {"out": {"destination": "out/"}}, "read"),
        ([op("thumbnail", "in", "out", at=["2s", "8s"])], {"out": {"destination": "out/", "format": "jpg"}}, "nothing"),
        (
            [op("scale", "in", "a", width=640), op("scale", "in", "b", width=320)],
            {name: {"destination": f"{name}.mkv", "codec": H264} for name in "ab"},
            "decoded",
        ),
        (
            [op("hflip", "in", "a")],
            {
                "a": {"destination": "a.mkv", "codec": H264},
                "b": {"input": "a", "destination": "b.webm", "codec": VP9},
            },
            "decoded and filtered",
        ),
    ],
    ids=["picture and sound", "stills of one file", "two sizes", "two encoders"],
)
def test_what_is_shared(operations, outputs, shared):
    made = plan(job(*operations, outputs=outputs), {"in.mp4": clip_info()})
    (step,) = [step for step in made.steps if isinstance(step, FFmpegStep)]
    assert len(step.command.outputs) == 2
    assert shared_by(step.command) == shared
    (said,) = [line for line in made.explain().splitlines() if "2 files from one process" in line]
    assert said.endswith("from one process" if shared == "nothing" else f"what they share is {shared} once")


def test_a_stream_that_is_shared_names_the_operator_that_it_is_shared_with():
    twins = [op("trim", "in", name, start="2s") for name in ("m", "n")]
    operations = [*twins, op("hflip", "m", "a"), op("vflip", "n", "b")]
    outputs = {name: {"destination": f"{name}.mkv", "codec": {"video": "libx264"}} for name in "ab"}
    made = plan(job(*operations, outputs=outputs), {"in.mp4": clip_info()})
    said = "  share_streams: video shared with trim (/operations/0), which does the same (trim, /operations/1)"
    assert said in made.explain().splitlines()


def test_an_input_and_an_output_that_share_a_stream_have_names():
    source = Source(id="one", kind="video", info=picture(clip_info()), origin="/inputs/0", input="in")
    flips = [
        Filter(id=name, kind="video", inputs=("one",), info=source.info, origin=f"/outputs/{at}", name="hflip")
        for at, name in enumerate("ab")
    ]
    sinks = [
        Sink(
            id=f"out{each.id}",
            kind="video",
            inputs=(each.id,),
            info=source.info,
            origin=each.origin,
            output=each.id,
            container="mkv",
            media=clip_info(),
        )
        for each in flips
    ]
    twin = attrs.evolve(source, id="two")
    flips[1] = attrs.evolve(flips[1], inputs=("two",))
    notes = Notes("share_streams")
    share_streams(StreamGraph({node.id: node for node in (source, twin, *flips, *sinks)}), notes)
    assert [each.text for each in notes.decisions] == [
        "video of in read once, for all that take it",
        "video shared with output a (/outputs/0), which does the same",
    ]
