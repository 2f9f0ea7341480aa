"""``scale``: the size that comes out, and what it cannot be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from mediapipeline.testing import clip_info
from planning import filters as graph_of
from planning import job, op, picture, plan, problems

HD: dict[str, Any] = {"size": "1920x1080"}


@pytest.mark.parametrize(
    ("clip", "params", "size"),
    [
        (HD, {"size": "720p"}, (1280, 720)),
        (HD, {"size": "640x640"}, (640, 640)),
        (HD, {"width": 1280, "height": 720}, (1280, 720)),
        (HD, {"width": 1280}, (1280, 720)),
        (HD, {"height": 360}, (640, 360)),
        (HD, {"width": 1280, "height": -1}, (1280, 720)),
        (HD, {"width": -1, "height": 100}, (178, 100)),
        (HD, {"width": -1, "height": 102, "multiple": 6}, (180, 102)),
        (HD, {"size": "640x640", "fit": "contain"}, (640, 360)),
        (HD, {"size": "640x640", "fit": "pad"}, (640, 640)),
        (HD, {"size": "640x640", "fit": "cover"}, (640, 640)),
        (HD, {"size": "4k", "fit": "no_upscale"}, (1920, 1080)),
        (HD, {"size": "640x640", "fit": "no_upscale"}, (640, 360)),
        (HD, {"width": 4000, "fit": "no_upscale"}, (1920, 1080)),
        (HD, {"width": 640, "fit": "no_upscale"}, (640, 360)),
        ({"size": "720x576", "sar": "16/15"}, {"height": 576}, (768, 576)),
        ({"size": "1440x1080", "sar": "4/3"}, {"width": 1280}, (1280, 720)),
        ({"size": "1080x1920", "rotation": 90}, {"width": 540}, (540, 960)),
        ({"size": "65x49"}, {"width": 32}, (32, 24)),
        ({"size": "65x49"}, {"width": 130, "height": 98}, (130, 98)),
    ],
)
def test_what_comes_out(clip, params, size):
    document = job(op("scale", "in", "out", **params), outputs={"out": "out.mkv"})
    made = plan(document, {"in.mp4": clip_info(**clip)})
    video = picture(made.output("out").media)
    assert (video.width, video.height) == size
    assert video.rotation == 0
    if made.output("out").streams[0].encoder is not None:
        assert video.sar == 1
    assert video.frame_rate == 25
    assert made.output("out").streams[1].encoder is None, "the sound passes"
    planned = made.output("out").expectation.streams[0]
    assert (planned.width, planned.height) == size


@pytest.mark.parametrize(
    ("clip", "params", "path", "code"),
    [
        (HD, {}, "", "exclusive-parameters"),
        (HD, {"width": -1, "height": -1}, "", "exclusive-parameters"),
        (HD, {"size": "720p", "width": 1280}, "", "exclusive-parameters"),
        (HD, {"width": 0, "height": 720}, "/width", "out-of-range"),
        (HD, {"width": -2, "height": 720}, "/width", "out-of-range"),
        (HD, {"width": 20000, "height": 720}, "/width", "out-of-range"),
        (HD, {"width": 1280, "fit": "cover"}, "", "rule-violated"),
        (HD, {"width": 1281, "height": 720}, "/width", "not-a-multiple"),
        (HD, {"size": "1280x721"}, "/size", "not-a-multiple"),
        ({"size": "2000x2"}, {"width": 100}, "", "bad-resolution"),
        ({"size": "2x2000"}, {"width": 200}, "", "bad-resolution"),
        (HD, {"size": "huge"}, "/size", "bad-resolution"),
        (HD, {"size": "720p", "fit": "squeeze"}, "/fit", "not-a-choice"),
        (HD, {"size": "720p", "algorithm": "nearest"}, "/algorithm", "not-a-choice"),
    ],
)
def test_what_is_refused(clip, params, path, code):
    document = job(op("scale", "in", "out", **params), outputs={"out": "out.mkv"})
    found = problems(document, {"in.mp4": clip_info(**clip)})
    assert [p.code for p in found] == [code]
    assert all(p.path.startswith("/operations/0") and (p.path.endswith(path) or not path) for p in found)
    assert all(p.hint or p.kind == "spec" for p in found)


@pytest.mark.parametrize(
    ("params", "filters"),
    [
        ({"size": "720p"}, "scale@op0=w=1280:h=720:flags=bicubic,setsar@op0=sar=1"),
        ({"size": "640x640", "fit": "pad", "algorithm": "area"},
         "scale@op0=w=640:h=360:flags=area,pad@op0=w=640:h=640:x=0:y=140:color=black,setsar@op0=sar=1"),
        ({"size": "640x640", "fit": "cover"},
         "scale@op0=w=1138:h=640:flags=bicubic,crop@op0=w=640:h=640:exact=1,setsar@op0=sar=1"),
        ({"size": "640x360", "fit": "cover"}, "scale@op0=w=640:h=360:flags=bicubic,setsar@op0=sar=1"),
    ],
)  # fmt: skip
def test_filters(params, filters):
    made = plan(job(op("scale", "in", "out", **params), outputs={"out": "out.mp4"}), {"in.mp4": clip_info(**HD)})
    assert graph_of(made).text() == f"[0:0]{filters},format=pix_fmts=yuv420p[n1]"


@pytest.mark.parametrize(
    ("clip", "params", "noop"),
    [
        (HD, {"size": "1080p"}, True),
        (HD, {"width": 1920}, True),
        (HD, {"size": "4k", "fit": "no_upscale"}, True),
        (HD | {"sar": "1/1"}, {"size": "1080p"}, True),
        (HD | {"sar": "4/3"}, {"size": "1080p"}, False),
        ({"size": "1080x1920", "rotation": 90}, {"size": "1080x1920"}, False),
        (HD, {"size": "720p"}, False),
    ],
)
def test_the_same_size_changes_nothing(clip, params, noop):
    made = plan(job(op("scale", "in", "out", **params), outputs={"out": "out.mp4"}), {"in.mp4": clip_info(**clip)})
    assert (made.output("out").streams[0].encoder is None) == noop


def test_a_picture_is_scaled_like_a_frame():
    document = job(
        op("scale", "in", "out", width=Fraction(100).numerator), inputs={"in": "a.png"}, outputs={"out": "b.png"}
    )
    made = plan(document, {"a.png": clip_info(still=True, size="200x100", video="png", pix_fmt="rgba")})
    media = made.output("out").media
    assert (media.still, picture(media).width, picture(media).height, media.duration) == (True, 100, 50, None)
    assert made.warnings == ()
