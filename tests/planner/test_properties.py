"""Plans of random chains over random media: what must hold whatever is asked, and for however many operations."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.testing import clip_info
from planning import attempt, filters, job, op, picture, planner, step

_MILLI = st.integers(0, 12_000).map(lambda n: Fraction(n, 1000))
_SIDES = st.integers(1, 400)


@st.composite
def operations(draw: st.DrawFn) -> dict[str, Any]:
    """Name and parameters of one operation, which need not suit."""
    match draw(st.sampled_from(["trim", "trim", "scale", "hflip"])):
        case "trim":
            start = draw(_MILLI)
            params: dict[str, Any] = {"start": f"{float(start)}s"}
            match draw(st.sampled_from(["end", "duration", "open"])):
                case "end":
                    params["end"] = f"{float(start + draw(_MILLI))}s"
                case "duration":
                    params["duration"] = f"{float(draw(_MILLI))}s"
            if draw(st.booleans()):
                params["clamp"] = True
            return {"op": "trim", "params": params}
        case "scale":
            fit = draw(st.sampled_from(["stretch", "contain", "cover", "pad", "no_upscale"]))
            size = {"width": draw(_SIDES) * 2, "height": draw(_SIDES) * 2}
            return {"op": "scale", "params": {**size, "fit": fit}}
    return {"op": "hflip", "params": {}}


clips = st.builds(
    clip_info,
    duration=st.none() | st.integers(1, 20_000).map(lambda n: Fraction(n, 1000)),
    size=st.none() | st.tuples(_SIDES, _SIDES),
    rate=st.sampled_from(["24", "25", "30000/1001", "50"]) | st.none(),
    vfr=st.sampled_from([False, False, True, None]),
    audio=st.integers(0, 2) | st.just(["5.1"]),
    sample_rate=st.sampled_from([44100, 48000, 96000]),
    audio_delay=st.sampled_from([0, Fraction(1, 2)]),
    rotation=st.sampled_from([0, 90, 180]),
    sar=st.none() | st.sampled_from(["1/1", "4/3"]),
    pix_fmt=st.sampled_from(["yuv420p", "yuv444p10le", "rgba", "gray", None]),
    subtitles=st.lists(st.sampled_from(["subrip", "mov_text", "dvd_subtitle"]), max_size=1),
    start=st.none() | st.sampled_from([0, 10]),
    cover=st.booleans(),
)


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, Any]:
    chain = draw(st.lists(operations(), max_size=5))
    names = ["in", *(f"c{n}" for n in range(len(chain)))]
    suffix = draw(st.sampled_from(["mp4", "mkv", "webm", "mp3", "wav", "ts", "png", "mov"]))
    return job(
        *({**each, "input": names[n], "output": names[n + 1]} for n, each in enumerate(chain)),
        outputs={"out": {"input": names[-1], "destination": f"out.{suffix}"}},
    )


@settings(max_examples=150)
@given(document=jobs(), clip=clips)
def test_a_job_is_planned_or_refused_with_problems(document, clip):
    service = planner({"in.mp4": clip})
    made, found = attempt(service, document)
    event("planned" if made is not None else "refused")
    assert (made is None) == bool(found)
    assert all(p.path.startswith(("/operations/", "/outputs/0")) and p.message for p in found)
    if made is None:
        return
    again = ProcessingPlan.from_dict(json.loads(json.dumps(made.to_dict())))
    assert again == made
    assert again.to_shell() == made.to_shell()
    assert made.explain()
    assert made.to_mermaid()


@settings(max_examples=150)
@given(document=jobs(), clip=clips)
def test_optimising_changes_how_but_not_what(document, clip):
    quick, _ = attempt(planner({"in.mp4": clip}), document)
    if quick is None:
        return
    plain, found = attempt(planner({"in.mp4": clip}, rules=()), document)
    # What is encoded needs what a copy does not: even sides, for one.
    assert {p.code for p in found} <= {"odd-size", "unsupported-size", "missing-encoder"}
    if plain is None:
        return
    event("compared")
    one, other = quick.output("out"), plain.output("out")
    assert one.media.duration == other.media.duration
    ends = [[s.end and s.end.high for s in each.expectation.streams] for each in (one, other)]
    assert ends[0] == ends[1]
    assert [(s.kind, s.width, s.height) for s in one.expectation.streams] == [
        (s.kind, s.width, s.height) for s in other.expectation.streams
    ]
    if not clip.video or not clip.video.vfr:  # the end of a copy with uneven frames is not known as exactly
        assert one.expectation == attrs.evolve(other.expectation, streams=one.expectation.streams)
        assert [s.end for s in one.expectation.streams] == [s.end for s in other.expectation.streams]
    assert one.media.metadata == other.media.metadata
    assert one.media.chapters == other.media.chapters


@given(
    rate=st.sampled_from([Fraction(24), Fraction(25), Fraction(30000, 1001)]),
    length=st.integers(100, 20_000).map(lambda n: Fraction(n, 1000)),
    cuts=st.lists(st.tuples(st.integers(0, 600), st.integers(1, 1500)), max_size=4),
)
def test_durations_are_those_worked_out_by_hand(rate, length, cuts):
    count = math.floor(length * rate) or 1
    length = count / rate  # whole frames
    frames = [n / rate for n in range(count)]
    sound = (Fraction(0), length)
    chain: list[dict[str, Any]] = []
    for begin, share in cuts:  # in thousandths of what is left
        start, extent = (Fraction(math.floor(part * sound[1]), 1000) for part in (begin, share))
        if not extent:
            continue
        source = f"c{len(chain)}" if chain else "in"
        made_by = {"start": f"{float(start)}s", "duration": f"{float(extent)}s"}
        chain.append(op("trim", source, f"c{len(chain) + 1}", **made_by))
        frames = [time - start for time in frames if start <= time < start + extent]
        sound = (max(sound[0], start) - start, min(sound[1], start + extent) - start)
    document = job(*chain, outputs={"out": {"input": f"c{len(chain)}" if chain else "in", "destination": "out.mkv"}})
    clip = clip_info(duration=length, rate=str(rate))
    if not frames or sound[1] <= sound[0]:
        return
    made, found = attempt(planner({"in.mp4": clip}), document)
    assert {p.code for p in found} <= {"start-beyond-end", "no-frame-left"}
    if made is None:
        return
    event(f"{len(chain)} cuts")
    video, audio = picture(made.output("out").media), made.output("out").media.audio[0]
    assert video.start == frames[0]
    assert video.end == frames[-1] + 1 / rate
    assert (audio.start, audio.end) == sound


def chain(count: int) -> dict[str, Any]:
    steps = [("hflip", {}), ("scale", {"size": "360p"}), ("trim", {"start": "0.001s"})]
    made = [op(name, f"c{n}" if n else "in", f"c{n + 1}", **params) for n, (name, params) in enumerate(
        steps[n % 3] for n in range(count)
    )]  # fmt: skip
    return job(*made, outputs={f"c{count}": "out.mp4"})


@pytest.mark.parametrize("count", [10, 3000])
def test_chains_of_any_length(count):
    made = planner({"in.mp4": clip_info(duration="600s")}).plan(chain(count))
    assert len(made.operations) == len(made.stages) == count
    assert len(made.steps) == 1
    graph = filters(made)
    assert len(graph.chains) == 2
    cuts = count // 3
    names = [part.name for each in graph.chains for part in each.filters]
    assert names.count("atrim") == 1
    assert names.count("hflip") == (count + 2) // 3
    assert made.output(f"c{count}").media.audio[0].duration == 600 - Fraction(cuts, 1000)
    assert ProcessingPlan.from_dict(made.to_dict()) == made


def test_many_outputs_of_one_input_share_its_decoding():
    document = job(
        *(op("scale", "in", f"c{n}", width=2 + 2 * n, height=2) for n in range(300)),
        outputs={f"c{n}": f"{n}.mkv" for n in range(300)},
    )
    made = planner().plan(document)
    assert len(made.steps) == 1
    assert len(step(made).command.inputs) == 1
    assert len(step(made).command.outputs) == 300
    drawn = made.to_mermaid()
    assert "… and 400 more" in drawn  # of the operations, and of the outputs
    assert drawn.count("-->") <= 500  # Mermaid refuses more


def test_independent_jobs_in_one_document_are_independent_steps():
    document = job(
        *(op("hflip", f"i{n}", f"c{n}") for n in range(300)),
        inputs={f"i{n}": f"{n}/in.mp4" for n in range(300)},
        outputs={f"c{n}": f"{n}.mkv" for n in range(300)},
    )
    made = planner().plan(document)
    assert len(made.steps) == 300
    assert not any(each.needs for each in made.steps)
    commands = [step(made, number).command for number in range(300)]
    assert {(len(command.inputs), len(command.outputs)) for command in commands} == {(1, 1)}
