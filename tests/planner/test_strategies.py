"""Strategies: what each value of each of them makes of a job, and what is said of one that there is not."""

from __future__ import annotations

import attrs
import pytest

from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.planner import Planner
from mediapipeline.planner.strategies import STRATEGIES
from mediapipeline.testing import Capabilities, FakeProber, clip_info
from planning import attempt, job, op, plan, planner, problems

CLIPS = {"in.mp4": clip_info(duration="60s", audio=2, subtitles=["dvd_subtitle"])}
MIRROR = job(op("hflip", "in", "mirror"), outputs={"mirror": "out.mkv"})


def how(document, **strategies):
    made = plan(document, CLIPS, strategies=strategies)
    return [(stream.kind, stream.encoder is None) for stream in made.outputs[0].streams]


def test_copies_are_preferred_unless_something_else_is_said():
    assert how(MIRROR) == how(MIRROR, stream_copy="preferred")
    assert how(MIRROR) == [("video", False), ("audio", True), ("audio", True), ("subtitle", True)]


def test_disabled_copies_only_what_the_job_demands_as_a_copy():
    kept = ("subtitle", True)  # subtitles of pictures cannot be encoded
    assert how(MIRROR, stream_copy="disabled") == [("video", False), ("audio", False), ("audio", False), kept]
    demanded = job(outputs={"in": {"destination": "out.mkv", "codec": {"video": "copy", "audio": "aac"}}})
    assert how(demanded, stream_copy="disabled") == [("video", True), ("audio", False), ("audio", False), kept]
    reasons = {s.reason for s in plan(MIRROR, CLIPS, strategies={"stream_copy": "disabled"}).outputs[0].streams}
    assert "not copied: copying is switched off" in reasons


def test_required_is_a_problem_at_every_stream_that_has_to_be_encoded():
    document = job(
        op("hflip", "in", "mirror"),
        op("trim", "in", "part", start="1s"),
        outputs={"mirror": "out.mkv", "part": "part.mkv", "in": "whole.mkv"},
    )
    found = problems(document, CLIPS, strategies={"stream_copy": "required"})
    assert {p.code for p in found} == {"cannot-copy"}
    assert [(p.path, p.message.partition(", and ")[2]) for p in found] == [
        ("/outputs/0/codec/video", "video has to be encoded: changed by hflip"),
        ("/outputs/1/codec/video", "video has to be encoded: cut at an exact time (trim)"),
        ("/outputs/1/codec/audio", "audio 1 has to be encoded: cut at an exact time (trim)"),
        ("/outputs/1/codec/audio", "audio 2 has to be encoded: cut at an exact time (trim)"),
    ]


TWICE = [
    op("trim", "in", "one", start="1s", accuracy="keyframe"),
    op("trim", "one", "out", start="1s", accuracy="keyframe"),
]
SAME = clip_info(subtitles=["subrip"])


@pytest.mark.parametrize(
    ("clip", "operations", "output", "hints"),
    [
        (SAME, [op("hflip", "in", "out")], "out.mkv", ["leave out hflip"]),
        (SAME, [op("trim", "in", "out", start="1s")], "out.mkv",
         ["cut at key frames (accuracy: keyframe)"] * 2 + ["leave out the cut"]),
        (clip_info(audio=0, format="mpegts"), [op("trim", "in", "out", start="1s", accuracy="keyframe")], "out.mkv",
         ["bring the input into MP4 first"]),
        (clip_info(audio=0), TWICE, "out.mkv", ["cut once"]),
        (clip_info(audio=0), [op("concat", ["in", "in"], "out")], "out.mkv",
         ["join whole files that are alike, in a container where that is proven to play"]),
        (SAME, [], {"destination": "out.webm"}, ["write another container"] * 3),
        (SAME, [], {"destination": "out.mkv", "codec": {"video": "hevc", "audio": {"sample_rate": 44100}}},
         ["ask for h264, or for no codec", "leave that out"]),
        (SAME, [], {"destination": "out.mkv", "codec": {"video": {"crf": 20}, "audio": "none"}},
         ["name no more than a codec, not an encoder or settings for one"]),
        (SAME, [op("thumbnail", "in", "out", at=["1s"])], "out.jpg", ["leave out thumbnail"]),
    ],
)  # fmt: skip
def test_hints_of_what_is_required_fit_the_cause(clip, operations, output, hints):
    document = job(*operations, outputs={"out" if operations else "in": output})
    found = problems(document, {"in.mp4": clip}, strategies={"stream_copy": "required"})
    assert [p.hint for p in found] == [f"{hint}, or plan with stream_copy=preferred" for hint in hints]


def test_required_is_content_with_copies():
    document = job(
        op("trim", "in", "part", start="1s", accuracy="keyframe"), outputs={"part": "part.mp4", "in": "whole.mkv"}
    )
    assert all(copied for _, copied in how(document, stream_copy="required"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stream-coppy": "required"}, "there is no strategy 'stream-coppy'; did you mean 'stream_copy'?"),
        ({"zzz": "required"}, f"there is no strategy 'zzz'; there are: {', '.join(STRATEGIES)}"),
        ({"stream_copy": "always"}, "stream_copy may be disabled, preferred or required, not 'always'"),
        ({"hardware": "preferred"}, "there is no strategy 'hardware'"),
    ],
)
def test_what_there_is_not_is_refused(given, said):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared as a whole
        Planner(strategies=given)
    assert said in str(refused.value)


@pytest.mark.parametrize("given", [None, "smart_cut", ["smart_cut"], {1: "required"}])
def test_strategies_that_are_no_mapping_of_names_are_refused(given):
    with pytest.raises((TypeError, ValueError), match=r"takes a mapping such as|there is no strategy 1"):
        Planner(strategies=given)


@pytest.mark.parametrize(
    ("strategy", "rules"), [("smart_cut", "smart_cut"), ("stream_copy", "copy_concat, copy_untouched")]
)
def test_required_without_its_rules_says_that_they_are_missing(strategy, rules):
    document = job(op("trim", "in", "part", start="6.5s", end="30s"), outputs={"part": "out.mp4"})
    found = problems(document, {"in.mp4": clip_info(duration="60s")}, strategies={strategy: "required"}, rules=())
    assert {(p.message, p.hint) for p in found} == {
        (
            f"{strategy} is required, and no rule that does it is applied: {rules}",
            f"plan with all rules, or with {strategy}=preferred",
        )
    }


def test_strategies_name_rules_that_there_are():
    known = {rule.__name__ for rule in RULES}
    for name, strategy in STRATEGIES.items():
        assert strategy.name == name
        assert strategy.rules <= known
        assert strategy.summary


def high(**facts):
    media = clip_info(duration="60s", interlaced=False, vfr=False, b_frames=0, **facts)
    assert media.video is not None
    return attrs.evolve(media, video=attrs.evolve(media.video, profile="High"))


H264 = {
    "in.mp4": high(),
    "small.mp4": high(size="320x180", rate=30),
    "other.mkv": clip_info(duration="60s", video="vp9"),
}
SOURCES = {"in": "in.mp4", "small": "small.mp4", "other": "other.mkv"}
PART = op("trim", "in", "part", start="5.2s", end="51s")


def smart(*operations, output="part", destination="out.mp4", source="in", strategy="required", **given):
    """How the picture comes about, and what is wrong: the first part of a job is PART unless it is told."""
    codec = given.pop("codec", None)
    written = {"destination": destination} | ({} if codec is None else {"codec": codec})
    written |= {"format": given.pop("format")} if "format" in given else {}
    used = {name for each in operations for name in each.get("inputs", [each.get("input")])} | {source}
    document = job(
        *operations, outputs={output: written}, inputs={name: SOURCES[name] for name in SOURCES if name in used}
    )
    options = {"prober": FakeProber(H264, gop=50), "strategies": {"smart_cut": strategy}, **given}
    return attempt(planner(H264, **options), document)


def reason(*operations, **given):
    made, found = smart(*operations, strategy="preferred", **given)
    assert not found
    (output,) = made.outputs
    return (output.streams or output.files[0].streams)[0].reason


SCALED = op("scale", "part", "small_part", width=160, height=90)
NEXT = op("trim", "small", "next", start="1.2s", end="33s")
JOINED = op("concat", ["part", "next"], "joined")
ABOUT = "cut at an exact time (trim); no smart cut: "
NOT_ALL = "joined by concat, and clip 1 is not a whole, unchanged file; no smart cut: "
LIKE = "write mp4, mov, mkv or ts, or plan with smart_cut=preferred"


@pytest.mark.parametrize(
    ("operations", "given", "why", "hint"),
    [
        (
            (PART, SCALED), {"output": "small_part"}, "changed by scale",
            "leave out what changes it, or plan with smart_cut=preferred",
        ),
        (
            (op("scale", "in", "less", width=160, height=90), op("trim", "less", "part", start="5.2s", end="51s")), {},
            "changed by scale", "leave out what changes it, or plan with smart_cut=preferred",
        ),
        (
            (PART, NEXT, JOINED), {"output": "joined"}, NOT_ALL + "its parts differ in size, frame rate",
            "plan with smart_cut=preferred",
        ),
        (
            (PART, SCALED, op("concat", ["small_part", "part"], "joined")),
            {"output": "joined"}, NOT_ALL + "clip 1 is changed by scale", "plan with smart_cut=preferred",
        ),
        (
            (PART,), {"codec": {"video": {"codec": "libx264", "preset": "ultrafast"}}},
            ABOUT + "the job gives settings for an encoder",
            "leave out the settings of the codec, or plan with smart_cut=preferred",
        ),
        (
            (PART,), {"codec": {"video": "hevc"}}, ABOUT + "the job asks for hevc",
            "leave out the codec, or plan with smart_cut=preferred",
        ),
        ((PART,), {"destination": "out.webm"}, ABOUT + "webm does not take h264", LIKE),
        (
            (PART, SCALED), {"output": "small_part", "destination": "out.webm"}, "changed by scale",
            LIKE.replace(", or plan", ", and leave out what changes it, or plan"),
        ),
        (
            (op("trim", "other", "part", start="5.2s"),), {"source": "other", "destination": "out.webm"},
            "cut at an exact time; no smart cut: only h264 is cut like this, not vp9", "plan with smart_cut=preferred",
        ),
        (
            (PART, op("hls", ["part"], "stream")), {"output": "stream", "destination": "out/"},
            ABOUT + "every segment has to begin with a key frame", LIKE,
        ),
        (
            (op("trim", "in", "part", start="6.5s", end="7.5s"),), {}, ABOUT + "it lies within one group of pictures",
            "plan with smart_cut=preferred",
        ),
        (
            (op("trim", "in", "part", start="5.2s", end="6.04s"),), {},
            ABOUT + "the key frames in it lie too close to where it begins or ends", "plan with smart_cut=preferred",
        ),
        (
            (op("trim", "other", "part", start="5.2s"),), {"source": "other", "destination": "out.mkv"},
            "cut at an exact time; no smart cut: only h264 is cut like this, not vp9", "plan with smart_cut=preferred",
        ),
    ],
)  # fmt: skip
def test_an_exact_cut_of_which_nothing_is_copied_is_told_why_and_refused_where_a_smart_cut_is_required(
    operations, given, why, hint
):
    assert reason(*operations, **given) == f"not copied: {why}"
    made, found = smart(*operations, **given)
    assert made is None
    message = f"smart_cut is required, and the picture has to be encoded: {why}"
    assert [(p.path, p.code, p.message, p.hint) for p in found] == [
        ("/outputs/0/codec/video", "cannot-copy", message, hint)
    ]


@pytest.mark.parametrize(
    ("operations", "given"),
    [
        ((op("hflip", "in", "part"),), {}),
        ((op("trim", "in", "all", start="0s", end="60s"), op("hflip", "all", "part")), {}),
        ((op("trim", "in", "near", start="5.2s", accuracy="keyframe"), op("hflip", "near", "part")), {}),
        (
            (PART, op("thumbnail", "part", "still", at=["1s"])),
            {"output": "still", "destination": "out/", "format": "png"},
        ),
        ((PART,), {"destination": "out.m4a"}),
        ((op("trim", "small", "logo", start="1.3s", end="9s"), op("overlay", ["in", "logo"], "part")), {}),
        ((op("concat", ["in", "small"], "part"),), {}),
    ],
)
def test_what_is_not_cut_exactly_is_no_matter_of_a_smart_cut(operations, given):
    made, found = smart(*operations, **given)
    assert made is not None, found
    assert "smart cut" not in made.explain()


def test_without_its_rule_or_unasked_nothing_is_said_of_a_smart_cut():
    within = op("trim", "in", "part", start="6.5s", end="7.5s")
    for given in ({"strategy": "disabled"}, {"strategy": "preferred", "rules": ()}):
        made, _ = smart(within, **given)
        assert made.outputs[0].streams[0].reason == "not copied: cut at an exact time (trim)"


FULL = Capabilities.assume("5.1")
WITHOUT = attrs.evolve(FULL, encoders=FULL.encoders - {"libx264"})


@pytest.mark.parametrize("strategy", ["preferred", "required"])
def test_a_cut_at_key_frames_takes_no_encoder(strategy):
    at_keys = op("trim", "in", "part", start="6s", end="50s")
    made, found = smart(at_keys, strategy=strategy, capabilities=WITHOUT)
    assert made is not None, found
    assert made.outputs[0].streams[0].reason == "1100 of 1100 frames: it is cut at key frames"
    assert "encoder:libx264" not in made.requires
    (said,) = (decision.text for decision in made.decisions if decision.by == "smart_cut")
    assert said == "1100 of 1100 frames copied: it is cut at key frames"


@pytest.mark.parametrize("strategy", ["preferred", "required"])
def test_edges_without_an_encoder_are_a_problem_once(strategy):
    made, found = smart(PART, strategy=strategy, capabilities=WITHOUT)
    assert made is None
    assert [(p.path, p.code) for p in found] == [("/outputs/0/codec/video", "missing-encoder")]


def test_what_another_encoder_can_do_is_encoded_as_a_whole_without_that_of_edges():
    made, found = smart(PART, strategy="preferred", capabilities=WITHOUT, codec={"video": "hevc"})
    assert made is not None, found
    (stream,) = made.outputs[0].streams
    assert stream.encoder == "libx265"
    assert stream.reason == f"not copied: {ABOUT}the job asks for hevc"
