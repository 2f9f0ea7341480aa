"""What an output gets of its clip: what is copied, what is encoded, what is left out, and that this is said."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import attrs
import pytest

from mediapipeline.media.info import MediaInfo
from mediapipeline.planner import pixels
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps import CutCuesStep
from mediapipeline.testing import Capabilities, clip_info
from planning import allowed, job, op, picture, plan, planner, problems, step


def written(clip: MediaInfo, destination: str, *operations: dict[str, Any], **output: Any) -> ProcessingPlan:
    name = operations[-1]["output"] if operations else "in"
    fields = {"destination": destination, "input": name, **output}
    return plan(job(*operations, outputs={"out": fields}), {"in.mp4": clip})


def refused(clip: MediaInfo, destination: str, *operations: dict[str, Any], **output: Any) -> list[tuple[str, str]]:
    name = operations[-1]["output"] if operations else "in"
    fields = {"destination": destination, "input": name, **output}
    found = problems(job(*operations, outputs={"out": fields}), {"in.mp4": clip})
    assert all(problem.hint for problem in found)
    return [(problem.path, problem.code) for problem in found]


def ways(made: ProcessingPlan) -> list[tuple[str, str | None]]:
    return [(stream.kind, stream.encoder) for stream in made.output("out").streams]


def warned(made: ProcessingPlan) -> list[str]:
    return [decision.text for decision in made.warnings]


FLIP = op("hflip", "in", "mirror")
PART = op("trim", "in", "part", start="2s", end="6s")


@pytest.mark.parametrize(
    ("clip", "destination", "expected"),
    [
        (clip_info(), "a.mp4", [("video", None), ("audio", None)]),
        (clip_info(), "a.mkv", [("video", None), ("audio", None)]),
        (clip_info(), "a.webm", [("video", "libvpx-vp9"), ("audio", "libopus")]),
        (clip_info(video="vp9", audio_codec="opus"), "a.webm", [("video", None), ("audio", None)]),
        (clip_info(video="prores"), "a.mp4", [("video", "libx264"), ("audio", None)]),
        (clip_info(audio_codec="pcm_s16le"), "a.mp4", [("video", None), ("audio", "aac")]),
        (clip_info(audio=2), "a.mp4", [("video", None), ("audio", None), ("audio", None)]),
        (clip_info(size=None), "a.mp4", [("audio", None)]),
        (clip_info(audio=0), "a.mp4", [("video", None)]),
        (clip_info(subtitles=["mov_text"]), "a.mp4", [("video", None), ("audio", None), ("subtitle", None)]),
        (clip_info(subtitles=["subrip"]), "a.mp4", [("video", None), ("audio", None), ("subtitle", "mov_text")]),
        (clip_info(subtitles=["ass"]), "a.mkv", [("video", None), ("audio", None), ("subtitle", None)]),
        (clip_info(cover=True), "a.mp4", [("video", None), ("audio", None), ("cover", None)]),
        (clip_info(size=None, audio_codec="mp3", cover=True), "a.mp3", [("audio", None), ("cover", None)]),
        (clip_info(still=True, video="png", pix_fmt="rgb24"), "a.png", [("video", None)]),
        (clip_info(still=True, video="png", pix_fmt="rgb24"), "a.jpg", [("video", "mjpeg")]),
    ],
)
def test_without_settings_what_fits_is_copied(clip, destination, expected):
    made = written(clip, destination)
    assert ways(made) == expected
    assert made.warnings == ()


@pytest.mark.parametrize(
    ("clip", "destination", "said"),
    [
        (clip_info(), "a.mp3", "the picture left out: mp3 holds sound only"),
        (clip_info(audio=3, size=None), "a.wav", "2 further sound tracks left out: wav holds one"),
        (clip_info(), "a.gif", "the sound left out: gif holds pictures only"),
        (clip_info(cover=True), "a.mkv", "the cover art left out: mkv holds none"),
        (clip_info(subtitles=["subrip"]), "a.avi",
         "subtitles (no language, subrip) left out: avi holds no subtitles of text"),
        (clip_info(subtitles=["dvd_subtitle"]), "a.mp4",
         "subtitles (no language, dvd_subtitle) left out: mp4 does not take them"),
        (clip_info(chapters=[("0s", "5s", "One")]), "a.avi", "1 chapter left out: avi holds none"),
        (clip_info(metadata={"title": "T", "artist": "A"}), "a.ts", "the tags title, artist left out: ts holds none"),
        (clip_info(), "a.png", "all but the first frame left out: png holds one picture"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_reported(clip, destination, said):
    assert said in warned(written(clip, destination))


@pytest.mark.parametrize(
    ("codec", "said"),
    [
        ({"video": "h264"}, "the sound left out: the job gives settings for the picture only"),
        ({"audio": "aac"}, "the picture left out: the job gives settings for sound only"),
    ],
)
def test_the_other_kind_than_the_one_with_settings_is_left_out_and_reported(codec, said):
    assert warned(written(clip_info(), "a.mp4", codec=codec)) == [said]


def test_what_the_job_says_to_leave_out_needs_no_report():
    made = written(clip_info(), "a.mp4", codec={"video": "h264", "audio": "none"})
    assert ways(made) == [("video", None)]
    assert made.warnings == ()


def test_further_pictures_and_data_are_reported():
    clip = clip_info(data=1)
    two = attrs.evolve(clip, other_video=(picture(clip),))
    made = written(two, "a.mp4")
    assert "1 further picture stream left out: a clip has one picture" in warned(made)
    assert any("1 data stream left out" in decision.text for decision in made.decisions)


def test_subtitles_of_pictures_cannot_be_cut():
    made = written(clip_info(subtitles=["dvd_subtitle"]), "a.mkv", PART)
    assert warned(made) == [
        "subtitles (no language, dvd_subtitle) left out: subtitles of pictures cannot be cut exactly"
    ]


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        ({"video": "h264", "audio": "aac"}, [None, None]),  # requirements that a copy satisfies
        ({"video": "libx264", "audio": "aac"}, ["libx264", "aac"]),  # aac is also the name of an encoder
        ({"video": {"codec": "h264", "crf": 20}, "audio": {"bitrate": "96k"}}, ["libx264", "aac"]),
        ({"video": {"codec": "h264", "preset": "fast"}, "audio": "copy"}, ["libx264", None]),
        ({"video": {"pix_fmt": "yuv420p"}, "audio": {"sample_rate": 48000, "channels": 2}}, [None, None]),
        ({"video": {"pix_fmt": "yuv444p"}, "audio": {"channels": 1}}, ["libx264", "aac"]),
        ({"video": "hevc", "audio": {"sample_rate": 44100}}, ["libx265", "aac"]),
        ({"video": "copy", "audio": "copy"}, [None, None]),
    ],
)
def test_settings_decide_between_copying_and_encoding(codec, expected):
    made = written(clip_info(), "a.mp4", codec=codec)
    if codec["audio"] == "aac" and expected[1] == "aac":
        expected = [expected[0], None]
    assert [encoder for _, encoder in ways(made)] == expected


def of_profile(name: str | None, **facts: Any) -> MediaInfo:
    clip = clip_info(**facts)
    return attrs.evolve(clip, video=attrs.evolve(picture(clip), profile=name))


@pytest.mark.parametrize(
    ("clip", "asked", "why"),
    [
        (of_profile("High"), {"codec": "h264", "profile": "high", "pix_fmt": "yuv420p"}, None),
        (of_profile("High"), {"profile": "high"}, None),
        (of_profile("Constrained Baseline"), {"profile": "baseline"}, None),
        (of_profile("Main 10", video="hevc", pix_fmt="yuv420p10le"), {"codec": "hevc", "profile": "main10"}, None),
        (of_profile("High"), {"profile": "main"}, "the source has the profile High, the job asks for main"),
        (of_profile(None), {"profile": "high"}, "its profile is not known, and the job asks for high"),
        (of_profile("Rext", video="hevc", pix_fmt="yuv420p12le"), {"codec": "hevc", "profile": "main12"},
         "the source has the profile Rext, the job asks for main12"),
        # Of another codec, a profile of the same name is another one.
        (of_profile("Main", video="hevc"), {"profile": "main"},
         "the source has hevc, the job asks for the profile main of h264"),
        (of_profile("Main", video="hevc"), {"codec": "h264", "profile": "main"}, "the job asks for h264"),
        (of_profile("High"), {"codec": "hevc", "pix_fmt": "yuv444p"}, "the job asks for hevc"),
        (clip_info(pix_fmt="yuv422p"), {"pix_fmt": "yuv420p"}, "the source has yuv422p, the job asks for yuv420p"),
        (clip_info(pix_fmt=None), {"pix_fmt": "yuv420p"},
         "its pixel format is not known, and the job asks for yuv420p"),
        (of_profile("High"), {"profile": "high", "level": "4.1"}, "the job gives settings for an encoder"),
        (of_profile("High"), {"profile": "high", "crf": 20}, "the job gives settings for an encoder"),
        (of_profile("High"), {"codec": "libx264", "profile": "main"}, "the job gives settings for an encoder"),
    ],
)  # fmt: skip
def test_settings_that_say_what_comes_out_are_met_by_a_copy_that_has_it(clip, asked, why):
    (stream,) = written(clip, "a.mp4", codec={"video": asked, "audio": "none"}).output("out").streams
    assert (stream.encoder is None) == (why is None)
    assert stream.reason == ("nothing changes it" if why is None else f"not copied: {why}")


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"sample_rate": 48000, "channels": 2}, None),
        ({"sample_rate": 44100}, "the source has 48000 Hz, the job asks for 44100 Hz"),
        ({"channels": 1}, "the source has 2 channels, the job asks for 1"),
        ({"codec": "mp3", "channels": 1}, "the job asks for mp3"),
        ({"sample_rate": 48000, "bitrate": "96k"}, "the job gives settings for an encoder"),
    ],
)
def test_sound_is_copied_where_it_is_as_the_job_asks(asked, why):
    (stream,) = written(clip_info(), "a.mp4", codec={"video": "none", "audio": asked}).output("out").streams
    assert (stream.encoder is None) == (why is None)
    assert stream.reason == ("nothing changes it" if why is None else f"not copied: {why}")


def test_what_can_only_be_copied_is_not_copied_otherwise_than_asked():
    theora = clip_info(video="theora", audio_codec="dts")
    asked = {"video": {"codec": "theora", "pix_fmt": "yuv420p"}, "audio": {"codec": "dts", "channels": 2}}
    assert ways(written(theora, "a.mkv", codec=asked)) == [("video", None), ("audio", None)]
    other = {"video": {"codec": "theora", "pix_fmt": "yuv444p"}, "audio": {"codec": "dts", "channels": 6}}
    assert refused(theora, "a.mkv", codec=other) == [
        ("/outputs/0/codec/video", "cannot-copy"),
        ("/outputs/0/codec/audio", "cannot-copy"),
    ]


@pytest.mark.parametrize(
    ("clip", "destination", "codec", "expected"),
    [
        (clip_info(), "a.webm", {"video": "h264", "audio": "opus"}, [("/codec/video", "codec-container")]),
        (clip_info(), "a.webm", {"video": "vp9", "audio": "aac"}, [("/codec/audio", "codec-container")]),
        (clip_info(), "a.webm", {"video": "copy", "audio": "copy"},
         [("/codec/video", "codec-container"), ("/codec/audio", "codec-container")]),
        (clip_info(), "a.mp3", {"video": "h264", "audio": "mp3"}, [("/codec/video", "codec-container")]),
        (clip_info(audio=0), "a.mp4", {"video": "h264", "audio": "aac"}, [("/codec/audio", "no-such-stream")]),
        (clip_info(size=None), "a.mp4", {"video": "h264", "audio": "aac"}, [("/codec/video", "no-such-stream")]),
        (clip_info(audio=0), "a.mp3", None, [("", "nothing-to-write")]),
        (clip_info(), "a.mkv", {"video": "theora", "audio": "aac"}, [("/codec/video", "no-encoder")]),
    ],
)  # fmt: skip
def test_what_cannot_be_written(clip, destination, codec, expected):
    found = refused(clip, destination, **({} if codec is None else {"codec": codec}))
    assert found == [(f"/outputs/0{at}", code) for at, code in expected]


def test_a_codec_without_encoder_is_copied_where_the_clip_has_it():
    assert ways(written(clip_info(video="theora"), "a.mkv", codec={"video": "theora"})) == [("video", None)]


@pytest.mark.parametrize("operation", [FLIP, PART])
def test_a_copy_that_is_asked_for_cannot_be_had_of_what_is_changed(operation):
    assert refused(clip_info(), "a.mp4", operation, codec={"video": "copy"}) == [
        ("/outputs/0/codec/video", "cannot-copy")
    ]


@pytest.mark.parametrize("rules", [{}, {"rules": ()}])
def test_a_copy_that_is_asked_for_passes_what_changes_nothing(rules):
    document = job(
        op("trim", "in", "all", end="20s"),
        op("scale", "all", "same", size="1920x1080"),
        op("trim", "same", "part", start="2s", accuracy="keyframe"),
        outputs={"part": {"destination": "a.mp4", "codec": {"video": "copy", "audio": "copy"}}},
    )
    made = plan(document, {"in.mp4": clip_info()}, **rules)
    assert [stream.encoder for stream in made.output("part").streams] == [None, None]
    (argv,) = made.commands()
    assert argv[argv.index("-ss") + 1] == "2"
    assert "-filter_complex" not in argv


CUT = op("trim", "in", "part", start="1s", accuracy="keyframe")


def test_nothing_is_copied_from_two_cuts_at_key_frames():
    cuts = [
        op("trim", "in", "one", start="1s", accuracy="keyframe"),
        op("trim", "one", "two", start="1s", accuracy="keyframe"),
    ]
    assert refused(clip_info(), "a.mp4", *cuts, codec={"video": "copy"}) == [("/outputs/0/codec/video", "cannot-copy")]


EXACT = op("trim", "in", "one", start="1s", end="5s")
JOIN = op("concat", ["one", "one"], "both")


@pytest.mark.parametrize(
    ("operations", "kind", "hint"),
    [
        ([EXACT], "video", "cut once, at key frames (accuracy: keyframe), or let it be encoded"),
        (
            [EXACT, op("trim", "one", "two", start="1s")], "audio",
            "cut once, exactly or at key frames, or let it be encoded",
        ),
        (
            [EXACT, JOIN], "audio",
            "name a codec instead: whole files that are alike are joined by their packets, all else is encoded",
        ),
        ([op("volume", "in", "loud", gain_db=3)], "audio", "leave that out, or let it be encoded"),
    ],
)  # fmt: skip
def test_hints_name_what_can_be_done_instead_of_a_copy(operations, kind, hint):
    codec = {"video": "h264", "audio": "aac"} | {kind: "copy"}
    (made,) = {operations[-1]["output"]}
    (found,) = problems(job(*operations, outputs={made: {"destination": "a.mp4", "codec": codec}}))
    assert (found.path, found.code, found.hint) == (f"/outputs/0/codec/{kind}", "cannot-copy", hint)


@pytest.mark.parametrize("start", ["0s", "1s", "7s"])
def test_sound_of_an_exact_cut_of_a_transport_stream_is_copied_wherever_it_begins(start):
    cut = op("trim", "in", "part", start=start, end="9s")
    made = written(clip_info(format="mpegts"), "a.mp4", cut, codec={"video": "h264", "audio": "copy"})
    assert ways(made) == [("video", "libx264"), ("audio", None)]


def test_nothing_is_copied_from_a_cut_of_a_transport_stream():
    cut = op("trim", "in", "part", start="1s", accuracy="keyframe")
    clip = clip_info(format="mpegts")
    assert ways(written(clip, "a.mp4", cut)) == [("video", "libx264"), ("audio", "aac")]
    assert refused(clip, "a.mp4", cut, codec={"video": "copy"}) == [("/outputs/0/codec/video", "cannot-copy")]
    assert ways(written(clip, "a.mp4", codec={"video": "copy"})) == [("video", None)]


@pytest.mark.parametrize(
    ("operations", "demuxer", "codec", "why"),
    [
        ([CUT], "mpegts", None, "cut, and the key frames of 'in' are not found by seeking"),
        ([CUT, op("trim", "part", "again", start="1s", accuracy="keyframe")], "mov,mp4", None,
         "cut at key frames more than once (trim)"),
        ([op("hflip", "in", "flipped"), CUT | {"input": "flipped"}], "mov,mp4", None, "changed by hflip"),
        ([CUT, op("trim", "part", "again", start="1s")], "mov,mp4", None, "cut at an exact time (trim)"),
        ([CUT], "mov,mp4", {"video": {"codec": "libx264", "crf": 20}}, "the job gives settings for an encoder"),
        ([CUT], "mov,mp4", {"video": "vp9"}, "the job asks for vp9"),
    ],
)  # fmt: skip
def test_why_a_cut_at_key_frames_is_encoded(operations, demuxer, codec, why):
    made = written(clip_info(format=demuxer), "a.mp4", *operations, codec=codec)
    assert made.output("out").streams[0].reason == f"not copied: {why}"


def hiding(picture: Fraction | None = None, sound: Fraction | None = None) -> MediaInfo:
    """A clip of which an edit list hides what lies before its beginning."""
    clip = clip_info()
    assert clip.video is not None
    tracks = [attrs.evolve(track, packet=Fraction(1024, 48000), preroll=sound) for track in clip.audio]
    return attrs.evolve(clip, video=attrs.evolve(clip.video, preroll=picture), audio=tuple(tracks))


HIDDEN = hiding(picture=Fraction(8, 25), sound=Fraction(2, 5))


@pytest.mark.parametrize("destination", ["a.mp4", "a.mov"])
def test_what_a_file_hides_is_copied_where_it_stays_hidden(destination):
    assert ways(written(HIDDEN, destination)) == [("video", None), ("audio", None)]


@pytest.mark.parametrize("destination", ["a.mkv", "a.ts"])
def test_what_a_file_hides_is_not_copied_where_it_would_be_shown(destination):
    made = written(HIDDEN, destination)
    assert ways(made) == [("video", "libx264"), ("audio", "aac")]
    name = destination.removeprefix("a.")
    assert [stream.reason for stream in made.output("out").streams] == [
        f"not copied: the file hides 0.32 s of pictures before its beginning, and {name} cannot hide it",
        f"not copied: the file hides 0.4 s of sound before its beginning, and {name} cannot hide it",
    ]


def test_one_stream_may_hide_something_and_another_not():
    assert ways(written(hiding(picture=Fraction(1, 25)), "a.mkv")) == [("video", "libx264"), ("audio", None)]
    assert ways(written(hiding(sound=Fraction(2, 5)), "a.mkv")) == [("video", None), ("audio", "aac")]


@pytest.mark.parametrize(("frames", "copied"), [(250, True), (252, True), (254, False), (400, False)])
@pytest.mark.parametrize("vfr", [False, True])
def test_what_a_file_hides_after_its_beginning_is_copied_nowhere(frames, copied, vfr):
    clip = hiding(picture=Fraction(0))
    assert clip.video is not None
    shown = attrs.evolve(clip.video, frames=frames, frame_rate=Fraction(25), duration=Fraction(10), vfr=vfr)
    for destination in ("a.mp4", "a.mkv"):
        made = written(attrs.evolve(clip, video=shown), destination)
        assert ways(made) == [("video", None if copied else "libx264"), ("audio", None)]
        assert ("of pictures after its beginning" in made.output("out").streams[0].reason) is not copied
    asked = {"destination": "a.mkv", "codec": {"video": "copy"}}
    found = problems(job(outputs={"in": asked}), {"in.mp4": attrs.evolve(clip, video=shown)})
    assert [(each.code, each.hint) for each in found] == ([] if copied else [("cannot-copy", "let it be encoded")])


@pytest.mark.parametrize("operations", [[], [op("trim", "in", "part", start="1s", accuracy="keyframe")]])
def test_a_copy_that_is_asked_for_shows_nothing_hidden(operations):
    asked = {"codec": {"video": "copy", "audio": "copy"}}
    assert refused(HIDDEN, "a.mkv", *operations, **asked) == [
        ("/outputs/0/codec/video", "cannot-copy"),
        ("/outputs/0/codec/audio", "cannot-copy"),
    ]
    assert ways(written(HIDDEN, "a.mp4", *operations, **asked)) == [("video", None), ("audio", None)]
    reasons = [stream.reason for stream in written(HIDDEN, "a.mkv", *operations).output("out").streams]
    assert all("the file hides" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("before", "packet"),
    [
        (Fraction(1024, 48000), Fraction(1024, 48000)),  # FFmpeg's AAC
        (Fraction(2112, 44100), Fraction(1024, 44100)),  # Apple's
        (Fraction(5058, 22050), Fraction(2048, 22050)),  # Fraunhofer's HE-AAC
        (Fraction(2, 25), Fraction(1, 50)),  # what decoders of Opus take
        (Fraction(1, 20), None),
    ],
)  # fmt: skip
def test_what_encoders_put_before_sound_may_be_heard(before, packet):
    clip = hiding()
    clip = attrs.evolve(clip, audio=tuple(attrs.evolve(s, preroll=before, packet=packet) for s in clip.audio))
    made = written(clip, "a.mkv")
    assert ways(made) == [("video", None), ("audio", None)]
    # It lasts so much longer, and that is no reason to refuse it.
    end = made.output("out").expectation.streams[1].end
    assert end is not None
    assert end.high is not None
    assert end.high >= clip.audio[0].end + before


# What would be lost by encoding matters only where something is encoded.


@pytest.mark.parametrize(
    ("pix_fmt", "destination", "becomes", "loses"),
    [
        ("yuv420p", "a.mp4", "yuv420p", False),
        ("yuv444p10le", "a.mp4", "yuv420p", True),
        ("rgba", "a.mp4", "yuv420p", True),
        ("yuva420p", "a.webm", "yuva420p", False),
        ("yuv420p10le", "a.webm", "yuv420p10le", False),
        ("yuv422p10le", "a.mov", "yuv420p", True),
        (None, "a.mp4", "yuv420p", False),
    ],
)
def test_pixel_formats_that_players_show(pix_fmt, destination, becomes, loses):
    made = written(clip_info(pix_fmt=pix_fmt), destination, FLIP)
    assert picture(made.output("out").media).pix_fmt == becomes
    said = [text for text in warned(made) if text.startswith("the picture becomes")]
    assert bool(said) == loses
    if not loses:
        return
    copied = written(clip_info(pix_fmt=pix_fmt), destination)
    assert ways(copied)[0] == ("video", None)
    assert warned(copied) == []
    assert picture(copied.output("out").media).pix_fmt == pix_fmt


def test_a_pixel_format_that_is_asked_for_is_taken_as_it_is():
    made = written(clip_info(pix_fmt="rgba"), "a.mp4", codec={"video": {"codec": "h264", "pix_fmt": "yuv444p"}})
    assert picture(made.output("out").media).pix_fmt == "yuv444p"
    assert [t for t in warned(made) if "becomes" in t] == []


@pytest.mark.parametrize(
    "name",
    "yuv420p yuvj422p yuv444p12le nv12 p010le gray gray10le ya8 rgb24 rgba64le gbrp10le gbrap bgr0 argb pal8 monow "
    "rgb565le".split(),
)
def test_names_of_pixel_formats_are_understood(name):
    known = pixels.describe(name)
    assert known is not None
    assert known.alpha == any(part in name for part in ("yuva", "ya8", "rgba", "argb", "gbrap", "pal8"))
    depths = {
        "yuv444p12le": 12,
        "p010le": 10,
        "gray10le": 10,
        "rgba64le": 16,
        "gbrp10le": 10,
        "rgb565le": 5,
        "monow": 1,
    }
    assert known.depth == depths.get(name, 8)


def test_an_odd_size_is_no_problem_for_a_copy():
    odd = clip_info(size="65x49")
    assert ways(written(odd, "a.mp4"))[0] == ("video", None)
    assert refused(odd, "a.mp4", FLIP) == [("/outputs/0", "odd-size")]
    assert ways(written(odd, "a.webm", FLIP))[0] == ("video", "libvpx-vp9")
    full = {"video": {"codec": "h264", "pix_fmt": "yuv444p"}, "audio": "aac"}
    assert ways(written(odd, "a.mp4", FLIP, codec=full))[0] == ("video", "libx264")


def test_a_missing_encoder_is_no_problem_for_a_copy():
    poor = Capabilities(version_text="6.0-small", filters=frozenset({"hflip"}))
    copied = plan(job(outputs={"in": "a.mp4"}), capabilities=poor)
    assert [stream.encoder for stream in copied.output("in").streams] == [None, None]
    found = problems(job(FLIP, outputs={"mirror": "a.mp4"}), capabilities=poor)
    assert [(p.path, p.code) for p in found] == [("/outputs/0/codec/video", "missing-encoder")]
    assert "6.0-small" in found[0].message


def test_a_missing_encoder_is_replaced_by_another_of_the_codec():
    full = Capabilities.assume("5.1")
    less = attrs.evolve(full, encoders=full.encoders - {"libsvtav1"})
    document = job(FLIP, outputs={"mirror": {"destination": "a.mkv", "codec": {"video": "av1"}}})
    assert plan(document, capabilities=less).output("mirror").streams[0].encoder == "libaom-av1"


@pytest.mark.parametrize(
    ("clip", "destination", "rate", "channels", "said"),
    [
        (clip_info(audio=["7.1"]), "a.mp3", 48000, 2, "the sound becomes stereo from 7.1: all that libmp3lame takes"),
        (clip_info(sample_rate=96000), "a.mp3", 48000, 2,
         "the sound becomes 48000 Hz from 96000 Hz: all that libmp3lame takes"),
        (clip_info(sample_rate=44100), "a.webm", 48000, 2, None),
    ],
)  # fmt: skip
def test_sound_that_an_encoder_does_not_take_is_converted(clip, destination, rate, channels, said):
    made = written(clip, destination)
    track = made.output("out").media.audio[0]
    assert (track.sample_rate, track.channels) == (rate, channels)
    assert [text for text in warned(made) if text.startswith("the sound becomes")] == ([said] if said else [])


# The whole


def test_metadata_of_the_clip_and_of_the_job():
    clip = clip_info(metadata={"title": "Old", "artist": "A"})
    made = written(clip, "a.mp4", metadata={"title": "New: 100% 'mine'", "artist": "", "date": "2001"})
    assert made.output("out").media.metadata == {"title": "New: 100% 'mine'", "date": "2001"}
    (argv,) = made.commands()
    assert "title=New: 100% 'mine'" in argv
    assert not any(word.startswith("artist=") for word in argv)


def test_chapters_and_subtitles_are_cut_with_the_picture():
    clip = clip_info(duration="60s", chapters=[("0s", "30s", "One"), ("30s", "50s", "Two"), ("50s", "60s", "Three")],
                     subtitles=["subrip"])  # fmt: skip
    made = written(clip, "a.mp4", op("trim", "in", "part", start="20s", end="45s"))
    chapters = [(c.start, c.end, c.title) for c in made.output("out").media.chapters]
    assert chapters == [(0, 10, "One"), (10, 25, "Two")]
    assert [step.id for step in made.steps] == ["extract-cues-0", "cut-cues-0-0", "write-out"]
    assert [step.needs for step in made.steps] == [(), ("extract-cues-0",), ("cut-cues-0-0",)]
    assert [(s.start, s.end) for s in made.steps if isinstance(s, CutCuesStep)] == [(20, 45)]
    assert made.output("out").streams[-1].encoder == "mov_text"


MKV = "matroska,webm"


def with_cues(codec: str, form: str = "mov,mp4,m4a,3gp,3g2,mj2", begins: str = "0", **facts: Any) -> MediaInfo:
    """A clip that *begins* then, with a track of subtitles."""
    clip = attrs.evolve(clip_info(duration="60s", subtitles=[codec], format=form), start=Fraction(begins))
    return attrs.evolve(clip, subtitles=tuple(attrs.evolve(each, **facts) for each in clip.subtitles))


UNSEEN: dict[str, Any] = {"start": Fraction(0), "preroll": Fraction("1.3")}
EARLIER: dict[str, Any] = {"start": Fraction(1)}
PAST_EDITS = (("seek_timestamp", "1"), ("advanced_editlist", "0"))


@pytest.mark.parametrize(("clip", "reading", "part", "why"), [
    (with_cues("mov_text", **UNSEEN), PAST_EDITS, (0, None), "an edit list hides some"),
    (with_cues("mov_text", begins="-1/50", **UNSEEN), PAST_EDITS, (Fraction(-1, 50), None), "an edit list hides some"),
    (with_cues("mov_text", start=Fraction(0), duration=Fraction(9), postroll=True), PAST_EDITS, (0, 9),
     "an edit list hides some"),
    (with_cues("mov_text", begins="3", **EARLIER), PAST_EDITS, (3, None), "some come before the clip"),
    (with_cues("subrip", MKV, begins="3", **EARLIER), (), (0, None), "some come before the clip"),
    (with_cues("mov_text", in_fragments=True), PAST_EDITS, (0, None), "not every FFmpeg tells how long"),
])  # fmt: skip
def test_cues_from_before_the_clip_are_cut_off(clip, reading, part, why):
    made = written(clip, "a.mp4")
    assert ways(made) == [("video", None), ("audio", None), ("subtitle", "mov_text")]
    (file,), (target,) = step(made).command.inputs, step(made).command.outputs
    assert file.options == reading
    assert ("avoid_negative_ts", "disabled") in target.options
    assert [(s.start, s.end) for s in made.steps if isinstance(s, CutCuesStep)] == [part]
    assert made.output("out").streams[-1].reason.startswith(f"not copied: {why}")
    assert not made.warnings
    made = written(clip, "a.mp4", FLIP)
    (shown,) = made.output("out").media.subtitles
    assert shown.start is not None
    assert (shown.start >= 0, shown.preroll) == (True, None)


def test_cues_in_fragments_are_given_their_lengths_first():
    made = written(with_cues("mov_text", in_fragments=True), "a.mp4")
    assert [each.id for each in made.steps] == ["time-cues-0", "extract-cues-0", "cut-cues-0-0", "write-out"]
    assert [each.needs for each in made.steps[1:]] == [("time-cues-0",), ("extract-cues-0",), ("cut-cues-0-0",)]
    assert [file.file for each in range(2) for file in step(made, each).command.inputs] == [
        "source:in",
        "work:cues-0.mp4",
    ]


def test_a_part_of_cues_that_are_hidden_in_part_is_cut_once():
    made = written(with_cues("mov_text", begins="3", **UNSEEN), "a.mkv", PART)
    assert [(s.start, s.end) for s in made.steps if isinstance(s, CutCuesStep)] == [(5, 9)]
    made = written(with_cues("mov_text", begins="3", **UNSEEN), "a.mkv", op("trim", "in", "part", start="0s"))
    assert [(s.start, s.end) for s in made.steps if isinstance(s, CutCuesStep)] == [(3, None)]


@pytest.mark.parametrize(("clip", "why"), [
    (with_cues("hdmv_pgs_subtitle", MKV, begins="3", text=False, **EARLIER),
     "some come before the clip, and subtitles of pictures cannot be cut exactly"),
    (with_cues("mov_text", in_parts=True), "an edit list takes them apart, and FFmpeg would show them at other times"),
])  # fmt: skip
def test_cues_that_cannot_be_had_right_are_left_out(clip, why):
    made = written(clip, "a.mkv")
    assert ways(made) == [("video", None), ("audio", None)]
    (text,) = warned(made)
    assert text.endswith(f" left out: {why}")


def test_cut_subtitles_are_encoded_even_at_key_frames():
    cut = op("trim", "in", "part", start="2s", accuracy="keyframe")
    made = written(clip_info(subtitles=["mov_text"]), "a.mp4", cut)
    assert ways(made) == [("video", None), ("audio", None), ("subtitle", "mov_text")]


def test_rotation_is_gone_when_encoded_and_kept_when_copied():
    clip = clip_info(rotation=90, size="1080x1920")
    assert picture(written(clip, "a.mp4", FLIP).output("out").media).rotation == 0
    assert picture(written(clip, "a.mp4").output("out").media).rotation == 90


def test_sound_that_begins_late_stays_where_it_is():
    clip = clip_info(audio_delay="0.5s")
    made = written(clip, "a.mp4", op("trim", "in", "part", start="0.2s", end="5s"))
    media = made.output("out").media
    assert (media.audio[0].start, media.audio[0].end) == (Fraction(3, 10), Fraction(24, 5))
    assert media.duration == Fraction(24, 5)
    assert "asetpts@op0=expr=round(PTS-(1/5)/TB+0.0001)" in made.to_shell()


def test_files_without_times_begin_with_their_sound():
    made = written(clip_info(audio_delay="0.5s"), "a.wav")
    media = made.output("out").media
    assert (media.duration, media.audio[0].start) == (10, 0)
    assert Fraction(10) in allowed(made, "out")
    assert Fraction(21, 2) not in allowed(made, "out")
    (argv,) = made.commands()
    assert argv[argv.index("-t") + 1] == "11.5", "the safety net counts from the start of the clip"


def test_a_source_that_does_not_start_at_zero_is_counted_from_its_start():
    made = written(clip_info(start="10s", chapters=[("10s", "12s", "One")]), "a.mp4", op("trim", "in", "p", start="1s"))
    assert made.output("out").media.duration == 9
    assert [(c.start, c.end) for c in made.output("out").media.chapters] == [(0, 1)]


# Unknown stays unknown


def test_unknown_durations_are_unknown_everywhere():
    made = written(clip_info(duration=None), "a.mp4", op("trim", "in", "part", start="2s"), FLIP | {"input": "part"})
    output = made.output("out")
    assert output.media.duration is None
    assert picture(output.media).duration is None
    assert output.expectation.duration is None
    assert [stream.end for stream in output.expectation.streams] == [None, None]
    assert step(made).duration is None
    assert made.resources.cpu_seconds is None
    assert "-t" not in made.commands()[0]
    assert "length unknown" in made.explain()
    assert "in total" in made.explain()


def test_a_cut_tells_no_length_where_the_clip_may_be_shorter():
    made = written(clip_info(duration=None), "a.mp4", PART)
    assert made.output("out").media.duration is None


@pytest.mark.parametrize(
    ("vfr", "rate", "clock"), [(False, 25, "1/25"), (True, 25, "1/90000"), (None, None, "1/90000")]
)
def test_a_rate_that_varies_or_is_unknown_is_not_made_constant(vfr, rate, clock):
    made = written(clip_info(vfr=vfr, rate=rate), "a.mp4", FLIP)
    (argv,) = made.commands()
    assert argv[argv.index("-enc_time_base:0") + 1] == clock
    assert argv[argv.index("-fps_mode:0") + 1] == "vfr"
    assert made.output("out").expectation.streams[0].frame_rate == (25 if vfr is False else None)


# Limits and what is not needed


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        ({"max_duration": "9s"}, "/outputs/0"),
        ({"max_resolution": "1280x720"}, "/outputs/0"),
        ({"max_memory": "50MB"}, ""),
    ],
)
def test_limits(limits, path):
    found = problems(job(FLIP, outputs={"mirror": "a.mp4"}, limits=limits), {"in.mp4": clip_info()})
    assert [(p.path, p.code) for p in found] == [(path, "over-limit")]
    assert next(iter(limits)) in str(found[0].hint)


def test_a_limit_of_size_does_not_concern_sound():
    assert problems(job(outputs={"in": "a.mp3"}, limits={"max_resolution": "320x240"})) == []


def test_limits_that_only_a_run_can_tell_go_with_the_plan():
    made = plan(job(outputs={"in": "a.mp4"}, limits={"max_output_size": "1MB", "max_memory": "1GB"}, timeout="30s"))
    assert (made.max_output_size, made.max_memory, made.timeout) == (1_000_000, 1_000_000_000, 30)


def test_what_no_output_needs_is_not_done_and_reported():
    document = job(
        FLIP, op("vflip", "mirror", "both"), outputs={"in": "a.mp4"}, inputs={"in": "in.mp4", "spare": "in.mp4"}
    )
    made = plan(document)
    assert sorted(warned(made)) == [
        "hflip is not done: no output needs it",
        "input 'spare' is not read: no output needs it",
        "vflip is not done: no output needs it",
    ]
    assert len(made.steps) == 1
    assert "filter_complex" not in made.to_shell()


def test_ids_of_steps_are_unique_whatever_the_outputs_are_called():
    flips = [op("hflip", "in", "x"), op("vflip", "in", "y")]
    outputs = {"a": "x", "b": "x", "a-b": "z"}
    document = job(
        *flips,
        inputs={"in": "in.mp4", "z": "in.mp4"},
        outputs={name: {"input": clip, "destination": f"{name}.mkv"} for name, clip in outputs.items()},
    )
    ids = [step.id for step in plan(document).steps]
    assert len(set(ids)) == len(ids) == 2


@pytest.mark.parametrize(
    "source", ["file:///data/a%20b/in.mp4", "file://localhost/data/a%20b/in.mp4", "file:/data/a%20b/in.mp4"]
)
def test_urls_of_files_are_paths_in_commands(source):
    made = planner({"/data/a b/in.mp4": clip_info()}).plan(job(inputs={"in": source}, outputs={"in": "a.mkv"}))
    (argv,) = made.commands()
    assert argv[argv.index("-i") + 1] == "file:/data/a b/in.mp4"


@pytest.mark.parametrize("name", ["-x.mp4", "a'b.mp4", "a:b,[c];d=%d.mp4", "$(touch x).mp4", "späß.mp4"])
def test_no_name_of_a_file_breaks_out_of_its_place(name):
    made = plan(job(inputs={"in": name}, outputs={"in": f"out-{name}"}), {name: clip_info()})
    (argv,) = made.commands()
    assert argv[argv.index("-i") + 1] == f"file:{name}"
    assert argv[-1] == f"file:out-{name}"


def test_a_clock_of_one_tick_a_frame_is_made_finer_before_a_cut():
    coarse = clip_info()
    coarse = attrs.evolve(coarse, video=attrs.evolve(picture(coarse), time_base=Fraction(1, 25)))
    cut = op("trim", "in", "part", start="0.01s", end="5s")
    made = written(coarse, "a.mp4", cut)
    assert "settb@op0=expr=AVTB,trim@op0=start=0.01:end=5," in made.to_shell()
    assert "filter:settb" in made.requires
    assert "settb" not in written(clip_info(), "a.mp4", cut).to_shell()


def test_sound_that_has_not_begun_where_the_part_ends_is_left_out():
    cut = op("trim", "in", "part", end="0.4s")
    made = written(clip_info(audio_delay="0.5s"), "a.mp4", cut)
    assert ways(made) == [("video", "libx264")]
    assert warned(made) == ["sound that begins after the part, or ends before it, is left out"]
    asked = {"video": "h264", "audio": "aac"}
    assert refused(clip_info(audio_delay="0.5s"), "a.mp4", cut, codec=asked) == [
        ("/outputs/0/codec/audio", "no-such-stream")
    ]


@pytest.mark.parametrize(
    ("operations", "read"),
    [
        ([], 1_000_000),
        ([op("trim", "in", "part", end="2s")], 200_000),
        # The picture from its key frame on, the sound a second earlier: the file is opened twice.
        ([op("trim", "in", "part", start="4s", end="6s")], 200_000 + 300_000),
        ([op("trim", "in", "part", start="4s")], 600_000 + 700_000),
    ],
)
def test_as_much_is_read_as_the_part_takes(operations, read):
    clip = attrs.evolve(clip_info(), size=1_000_000)
    made = written(clip, "a.mp4", *operations)
    assert step(made).resources.disk_read == made.resources.disk_read == read
    assert f"{read / 1_000_000:.1f} MB read".replace("0.2 MB", "200 kB").replace("0.5 MB", "500 kB") in made.explain()
    assert written(clip_info(), "a.mp4", *operations).resources.disk_read is None


def test_a_track_of_cues_is_looked_for_in_the_whole_file():
    clip = attrs.evolve(clip_info(subtitles=["subrip"]), size=1_000_000)
    made = written(clip, "a.mp4", op("trim", "in", "part", end="2s"))
    assert made.steps[0].resources.disk_read == 1_000_000


def test_an_output_with_a_mistake_is_searched_for_others():
    outputs = {"out": {"destination": "a.mp4", "input": "inn", "codec": {"video": {"codec": "libx264", "crf": 99}}}}
    found = problems(job(outputs=outputs))
    assert [(p.path, p.code) for p in found] == [
        ("/outputs/0/codec/video/crf", "out-of-range"),
        ("/outputs/0/input", "unresolved-reference"),
    ]
    assert found[1].hint == "did you mean 'in'?"


@pytest.mark.parametrize(
    ("codec", "size", "taken"),
    [
        ("mpeg4", (8192, 64), False),
        ("mpeg4", (8190, 64), True),
        ("hevc", (64, 8), False),
        ("vp8", (16384, 64), False),
    ],
)
def test_sizes_that_an_encoder_does_not_take_are_told(codec, size, taken):
    clip = clip_info(size=size, audio=0, video="ffv1")
    found = refused(clip, "a.mkv", codec={"video": codec})
    assert found == ([] if taken else [("/outputs/0", "unsupported-size")])


def test_of_the_encoders_of_a_codec_one_is_taken_that_takes_the_size():
    full = Capabilities.assume("5.1")
    full = attrs.evolve(full, encoders=full.encoders | {"libsvtav1"})
    for size, encoder in (((62, 64), "libaom-av1"), ((64, 64), "libsvtav1")):
        document = job(outputs={"in": {"destination": "a.webm", "codec": {"video": "av1"}}})
        made = plan(document, {"in.mp4": clip_info(size=size, audio=0)}, capabilities=full)
        assert made.output("in").streams[0].encoder == encoder
