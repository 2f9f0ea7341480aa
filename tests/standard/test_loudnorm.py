"""``loudnorm``: how loud the result is, on every FFmpeg, and what of it is known afterwards."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mediapipeline import Executor, Planner
from mediapipeline.errors import ExecutionError, FFmpegFailedError, PluginContractError, RunCancelledError
from mediapipeline.executor.events import StepStarted
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.operators import (
    AUDIO,
    Case,
    Category,
    Clip,
    Late,
    LateFilter,
    Lowering,
    Measurement,
    Operator,
    OptionValue,
    Registry,
    Told,
    operator,
)
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.testing import clip_info
from outcomes import ffmpeg, plan_and_run
from planning import filters, job, op, plan, problems, step

# Noise in syllables and sentences, as speech is loud and less so.
SPEECH = (
    "aevalsrc='{level}*(random(0)-0.5)*(0.15+0.85*gt(mod(t,0.5),0.15))*(0.4+0.6*gt(mod(t,2),1))':s={rate}:d={length}"
)
PEAKS = "aevalsrc='(random(0)-0.5)*(0.1+0.6*lt(mod(t,1),0.05))':s=44100:d=5"


def sound(engine: Engine, path: Path, *sources: str, picture: bool = False) -> Path:
    """A file with a track for each source, of plain PCM, and a picture if asked for."""
    arguments = [word for source in sources for word in ("-f", "lavfi", "-i", source)]
    if picture:
        arguments += ["-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=5", "-c:v", "libx264"]
    maps = [word for at in range(len(sources) + picture) for word in ("-map", str(at))]
    ffmpeg(engine, *arguments, *maps, "-c:a", "pcm_s16le", str(path))
    return path


def speech(level: float = 0.2, rate: int = 44100, length: float = 5) -> str:
    return SPEECH.format(level=level, rate=rate, length=length).replace(",", "\\,")


def loudness(engine: Engine, path: Path, track: int = 0, *, dual_mono: bool = False) -> tuple[float, float]:
    """Integrated loudness and true peak of a file, by FFmpeg's meter."""
    command = [str(engine.ffmpeg), "-nostdin", "-hide_banner", "-i", str(path), "-map", f"0:a:{track}"]
    command += ["-af", f"ebur128=peak=true:framelog=verbose:dualmono={int(dual_mono)}", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stderr
    return float(re.findall(r"I: +(\S+) LUFS", said)[-1]), float(re.findall(r"Peak: +(\S+) dBFS", said)[-1])


def normalise(source: Path, made: str, engine: Engine, **params: Any) -> tuple[ProcessingPlan, ExecutionResult]:
    document = job(op("loudnorm", "in", "out", **params), inputs={"in": source.name}, outputs={"out": made})
    return plan_and_run(document, source.parent, engine)


def cases(result: ExecutionResult) -> list[str]:
    return [taken.case for taken in result.taken]


@pytest.mark.parametrize("target", [-16, -23, -30])
def test_speech_gets_a_constant_gain(target: int, tmp_path: Path, engine: Engine) -> None:
    source = sound(engine, tmp_path / "in.wav", speech())
    planned, result = normalise(source, "out.flac", engine, target_lufs=target, dual_mono=False)
    found, peak = loudness(engine, tmp_path / "out.flac")
    assert found == pytest.approx(target, abs=0.11)
    assert peak <= -1.5
    assert cases(result) == ["linear"]
    assert result.outputs["out"].media.audio[0].sample_rate == 44100
    (measured,) = result.measurements
    assert (measured.id, measured.operation) == ("m0", "/operations/0")
    integrated, true_peak = loudness(engine, source)
    assert measured.values["integrated"] == pytest.approx(integrated, abs=0.01)
    assert measured.values["true_peak"] == pytest.approx(true_peak, abs=0.11)
    assert [each.id for each in planned.steps] == ["measure-0", "write-out"]
    assert planned.steps[1].needs == ("measure-0",)
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert ExecutionResult.from_dict(data).measurements == result.measurements
    assert ExecutionResult.from_dict(data).taken == result.taken


TONE = "aevalsrc='{expr}':s={rate}:d=1"


def tone(expr: str, rate: int = 48000) -> str:
    return TONE.format(expr=expr, rate=rate).replace(",", "\\,")


@pytest.mark.parametrize(
    ("source", "within"),
    [
        pytest.param(tone("0.7*sin(PI*n/2+PI/4)"), 0.1, id="3 dB between the samples"),
        pytest.param(tone("1.6*sin(2*PI*997*t)"), 0.1, id="over full scale"),
        pytest.param(tone("(random(0)-0.5)*1.9"), 0.1, id="noise"),
        pytest.param(tone("0.9*eq(mod(n,4800),2400)+0.05*sin(9*n)"), 0.1, id="clicks"),
        pytest.param(tone("0.3*sin(440*2*PI*t)|-0.2*sin(9000*2*PI*t)"), 0.1, id="stereo"),
        pytest.param(tone("0.1*sin(440*2*PI*t)|0|0.3*random(0)|0|0|0.5*sin(n)"), 0.1, id="six channels"),
        pytest.param(tone("0.5*sin(n/9)", 8000), 0.1, id="8 kHz"),
        pytest.param(tone("0.5*sin(n)", 192000), 0.1, id="192 kHz"),
        pytest.param(tone("0.009*random(0)"), 0.1, id="-41 dB"),
        pytest.param(tone("0.002*sin(997*2*PI*t)"), 0.2, id="-54 dB"),
        pytest.param(tone("0"), 0, id="silence"),
        pytest.param(tone("0.5*sin(n)") + ",atrim=end_sample=1", 0.1, id="a sample"),
    ],
)
def test_what_is_measured_is_what_ebur128_says_alone(
    source: str, within: float, tmp_path: Path, engine: Engine
) -> None:
    file = tmp_path / "in.wav"
    ffmpeg(engine, "-f", "lavfi", "-i", source, "-c:a", "pcm_f32le", str(file))
    _, result = normalise(file, "out.wav", engine, dual_mono=False)
    integrated, peak = loudness(engine, file)
    values = result.measurements[0].values
    assert values["integrated"] == integrated
    assert values["true_peak"] == (pytest.approx(peak, abs=within + 0.01) if peak > -99 else None)


def test_peaks_beyond_what_can_be_told_change_the_dynamics(tmp_path: Path, engine: Engine) -> None:
    file = tmp_path / "in.wav"
    ffmpeg(engine, "-f", "lavfi", "-i", tone("5*sin(2*PI*997*t)"), "-c:a", "pcm_f32le", str(file))
    _, result = normalise(file, "out.wav", engine, target_lufs=-23, dual_mono=False)
    assert result.measurements[0].values["true_peak"] == 12
    assert cases(result) == ["dynamic"]


@pytest.mark.parametrize(("level", "case"), [(0.3, "linear"), (0.005, "linear"), (0.002, "dynamic")])
def test_quiet_sound_is_kept_further_from_the_limit(level: float, case: str, tmp_path: Path, engine: Engine) -> None:
    """Its peak is told by few steps."""
    file = tmp_path / "in.wav"
    ffmpeg(engine, "-f", "lavfi", "-i", tone(f"{level}*sin(2*PI*997*t)"), "-c:a", "pcm_f32le", str(file))
    _, result = normalise(file, "out.wav", engine, target_lufs=-7, target_tp=-3, dual_mono=False)
    assert cases(result) == [case]


def test_the_gain_is_that_of_ffmpegs_own_two_passes(tmp_path: Path, engine: Engine) -> None:
    source = sound(engine, tmp_path / "in.wav", speech())
    normalise(source, "out.wav", engine, target_lufs=-20, dual_mono=False)
    integrated, peak = loudness(engine, source)
    measured = f"measured_I={integrated}:measured_TP={peak}:measured_LRA=0.1:measured_thresh=-40"
    theirs = tmp_path / "theirs.wav"
    graph = f"loudnorm=I=-20:TP=-1.5:LRA=11:{measured}:linear=true,aresample=44100"
    ffmpeg(engine, "-i", str(source), "-af", graph, str(theirs))
    ours, same = (
        memoryview(ffmpeg(engine, "-i", str(path), "-f", "s16le", "-")).cast("h")
        for path in (tmp_path / "out.wav", theirs)
    )
    assert len(ours) == len(same)
    assert max(abs(a - b) for a, b in zip(ours, same, strict=True)) <= 1


def test_peaks_that_would_be_too_high_change_the_dynamics(tmp_path: Path, engine: Engine) -> None:
    source = sound(engine, tmp_path / "in.wav", PEAKS.replace(",", "\\,"))
    _, result = normalise(source, "out.flac", engine, target_lufs=-16)
    found, peak = loudness(engine, tmp_path / "out.flac", dual_mono=True)
    assert cases(result) == ["dynamic"]
    assert found == pytest.approx(-16, abs=1)
    assert peak <= -1.4
    assert result.outputs["out"].media.audio[0].sample_rate == 44100


def test_a_wide_range_changes_the_dynamics(tmp_path: Path, engine: Engine) -> None:
    steps = "aevalsrc='(random(0)-0.5)*if(lt(t,4),0.02,0.2)':s=48000:d=8".replace(",", "\\,")
    source = sound(engine, tmp_path / "in.wav", steps)
    _, result = normalise(source, "out.flac", engine, target_lufs=-23, target_lra=3)
    found = result.measurements[0].values["range"]
    assert found is not None
    assert found > 3
    assert cases(result) == ["dynamic"]
    _, result = normalise(source, "same.flac", engine, target_lufs=-23, target_lra=50)
    assert cases(result) == ["linear"]


@pytest.mark.parametrize("end", ["3.857143s", "3.9s", "3.96s"])
@pytest.mark.parametrize("params", [{"mode": "single"}, {"target_lra": 1}], ids=["single", "two passes"])
def test_sound_whose_dynamics_change_lasts_to_its_end(
    params: dict[str, Any], end: str, tmp_path: Path, engine: Engine
) -> None:
    """The filter works on tenths of a second."""
    source = sound(engine, tmp_path / "in.wav", speech(rate=48000))
    cut = op("trim", "in", "part", end=end)
    document = job(cut, op("loudnorm", "part", "out", **params), inputs={"in": source.name}, outputs={"out": "out.mov"})
    document["outputs"][0]["codec"] = {"audio": "pcm_s16le"}
    plan_and_run(document, tmp_path, engine)
    samples = ffmpeg(engine, "-i", str(tmp_path / "out.mov"), "-f", "s16le", "-")
    assert len(samples) / 2 == pytest.approx(float(end[:-1]) * 48000, abs=1)


def packets(engine: Engine, path: Path) -> bytes:
    """The digest of every coded picture."""
    lines = ffmpeg(engine, "-i", str(path), "-map", "0:v", "-c", "copy", "-f", "framemd5", "-").splitlines()
    return b"\n".join(line.rsplit(b",", 1)[1] for line in lines if not line.startswith(b"#"))


def test_every_track_by_itself_and_the_picture_copied(tmp_path: Path, engine: Engine) -> None:
    source = sound(engine, tmp_path / "in.mkv", speech(0.5, 48000), speech(0.05, 22050), speech(0.2), picture=True)
    document = job(
        op("loudnorm", "in", "out", target_lufs=-20),
        inputs={"in": source.name},
        outputs={"out": {"destination": "out.mkv", "codec": {"video": "h264", "audio": "flac"}}},
    )
    planned, result = plan_and_run(document, tmp_path, engine)
    for track in range(3):
        assert loudness(engine, tmp_path / "out.mkv", track, dual_mono=True)[0] == pytest.approx(-20, abs=0.11)
    assert [stream.encoder for stream in planned.output("out").streams] == [None, "flac", "flac", "flac"]
    assert packets(engine, source) == packets(engine, tmp_path / "out.mkv")
    assert [each.id for each in result.measurements] == ["m0", "m1", "m2"]
    assert len({each.values["integrated"] for each in result.measurements}) == 3
    assert [str(pad) for pad in filters(planned).inputs] == ["0:0", "0:1", "0:2"], "the sound and nothing else"
    assert step(planned).command.outputs[0].file is None
    assert step(planned, 1).needs == ("measure-0",)


@pytest.mark.parametrize(("dual_mono", "target"), [(None, -23), (True, -23), (False, -20)])
def test_mono_counts_as_it_sounds_from_two_speakers(
    dual_mono: bool | None, target: int, tmp_path: Path, engine: Engine
) -> None:
    source = sound(engine, tmp_path / "in.wav", speech())
    given = {} if dual_mono is None else {"dual_mono": dual_mono}
    normalise(source, "out.flac", engine, target_lufs=target, **given)
    expected = -17 if dual_mono is False else -23
    assert loudness(engine, tmp_path / "out.flac", dual_mono=True)[0] == pytest.approx(expected, abs=0.11)


def samples(engine: Engine, path: Path) -> bytes:
    return ffmpeg(engine, "-i", str(path), "-f", "s16le", "-")


@pytest.mark.parametrize("source", ["anullsrc=r=44100:cl=stereo:d=2", "sine=r=44100:d=0.3"])
def test_what_cannot_be_measured_stays_as_it_is(source: str, tmp_path: Path, engine: Engine) -> None:
    file = sound(engine, tmp_path / "in.wav", source)
    _, result = normalise(file, "out.flac", engine)
    assert cases(result) == ["silent"]
    assert samples(engine, file) == samples(engine, tmp_path / "out.flac")
    peak = result.measurements[0].values["true_peak"]
    assert (peak is None) == ("anullsrc" in source)
    assert ExecutionResult.from_dict(json.loads(json.dumps(result.to_dict(), allow_nan=False))) == result


def test_a_short_sound_is_measured(tmp_path: Path, engine: Engine) -> None:
    source = sound(engine, tmp_path / "in.wav", "sine=r=48000:d=0.6")
    _, result = normalise(source, "out.flac", engine)
    assert result.measurements[0].values["range"] == 0
    assert cases(result) == ["linear"]
    assert loudness(engine, tmp_path / "out.flac", dual_mono=True)[0] == pytest.approx(-16, abs=0.2)


@pytest.mark.parametrize(
    "params", [{"mode": "single"}, {"mode": "single", "sample_rate": 48000}, {"sample_rate": 48000}]
)
def test_sample_rate(params: dict[str, Any], tmp_path: Path, engine: Engine) -> None:
    source = sound(engine, tmp_path / "in.wav", speech())
    planned, result = normalise(source, "out.flac", engine, **params)
    assert result.outputs["out"].media.audio[0].sample_rate == params.get("sample_rate", 44100)
    assert loudness(engine, tmp_path / "out.flac", dual_mono=True)[0] == pytest.approx(-16, abs=1)
    assert len(planned.steps) == (1 if "mode" in params else 2)


def test_what_is_measured_is_what_is_changed(tmp_path: Path, engine: Engine) -> None:
    """The part is far less loud than the whole."""
    loud_then_not = "aevalsrc='(random(0)-0.5)*if(lt(t,4),1,0.05)':s=48000:d=8".replace(",", "\\,")
    source = sound(engine, tmp_path / "in.wav", loud_then_not)
    document = job(
        op("trim", "in", "part", start="4.5s"),
        op("loudnorm", "part", "first", target_lufs=-30),
        op("loudnorm", "first", "out", target_lufs=-20),
        inputs={"in": source.name},
        outputs={"out": "out.flac"},
    )
    planned, result = plan_and_run(document, tmp_path, engine)
    assert loudness(engine, tmp_path / "out.flac", dual_mono=True)[0] == pytest.approx(-20, abs=0.11)
    assert [each.needs for each in planned.steps] == [(), ("measure-0",), ("measure-0", "measure-1")]
    assert result.measurements[1].values["integrated"] == pytest.approx(-30, abs=0.11)
    assert [(taken.operation, taken.case) for taken in result.taken] == [
        ("/operations/1", "linear"),
        ("/operations/2", "linear"),
    ]


def test_two_targets_of_one_clip_share_the_measurement(tmp_path: Path, engine: Engine) -> None:
    source = sound(engine, tmp_path / "in.wav", speech())
    document = job(
        op("loudnorm", "in", "web", target_lufs=-20),
        op("loudnorm", "in", "air", target_lufs=-26),
        inputs={"in": source.name},
        outputs={"web": "web.flac", "air": "air.flac"},
    )
    planned, _ = plan_and_run(document, tmp_path, engine)
    assert [each.id for each in planned.steps if each.id.startswith("measure")] == ["measure-0"]
    assert list(step(planned).measures) == ["m0"]
    for name, target in (("web", -20), ("air", -26)):
        assert loudness(engine, tmp_path / f"{name}.flac", dual_mono=True)[0] == pytest.approx(target, abs=0.11)


@pytest.mark.parametrize("params", [{}, {"target_lra": 1}])
def test_the_script_does_the_same(params: dict[str, Any], tmp_path: Path, default_engine: Engine) -> None:
    steps = "aevalsrc='(random(0)-0.5)*if(lt(t,4),0.02,0.2)':s=48000:d=8".replace(",", "\\,")
    sound(default_engine, tmp_path / "in.wav", steps)
    planned, _ = normalise(tmp_path / "in.wav", "out.wav", default_engine, target_lufs=-23, **params)
    ours = samples(default_engine, tmp_path / "out.wav")
    (tmp_path / "out.wav").unlink()
    script = f'ffmpeg() {{ "{default_engine.ffmpeg}" "$@"; }}\n{planned.to_shell()}'
    subprocess.run(["sh", "-c", script], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert samples(default_engine, tmp_path / "out.wav") == ours


def test_cancelled_while_it_measures(tmp_path: Path, default_engine: Engine) -> None:
    sound(default_engine, tmp_path / "in.wav", "sine=r=48000:d=600")
    planned = Planner(base_dir=tmp_path, ffmpeg=default_engine.ffmpeg).plan(
        job(op("loudnorm", "in", "out"), inputs={"in": "in.wav"}, outputs={"out": "out.flac"})
    )

    async def main() -> list[str]:
        started = []
        async with Executor(base_dir=tmp_path, ffmpeg=default_engine.ffmpeg).start(planned) as run:
            async for event in run:
                if isinstance(event, StepStarted):
                    started.append(event.step)
                    run.cancel()
            with pytest.raises(RunCancelledError):
                await run.result()
        return started

    assert asyncio.run(main()) == ["measure-0"]
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


def meter(measurement: Measurement, filters: Any = "ebur128", /, **options: Any) -> type[Operator]:
    @operator("acme.meter", category=Category.AUDIO, inputs={"clip": AUDIO})
    class Meter(Operator):
        """Measure."""

        def lower(self, work: Lowering) -> Clip:
            track = work.clip.audio[0]
            quiet = {"framelog": "verbose"} if filters == "ebur128" else {}
            result = work.measure(track, filters, measurement, **quiet, **options)
            gain = LateFilter.of("volume", volume=Late.of("value"))
            return work.clip.with_audio([work.choose_audio(track, result, [Case(name="gain", filters=(gain,))])])

    return Meter


@pytest.mark.parametrize(
    ("key", "options", "error", "message"),
    [
        (
            "Loudness of range/LRA",
            {},
            ExecutionError,
            "what was measured for /operations/0 cannot be read.*did not say",
        ),
        ("Integrated loudness/I", {"panlaw": 99}, FFmpegFailedError, "/operations/0"),
        ("True peak/Peak", {"peak": "true"}, ExecutionError, "does not tell what to do: -inf is no value"),
    ],
)
def test_a_measurement_that_fails(
    key: str,
    options: dict[str, Any],
    error: type[ExecutionError],
    message: str,
    *,
    tmp_path: Path,
    engine: Engine,
) -> None:
    sound(engine, tmp_path / "in.wav", "anullsrc=r=48000:cl=mono:d=1")
    registry = Registry([meter(Measurement(reading="summary", fields={"value": key}), **options)])
    planned = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg, registry=registry).plan(
        job(op("acme.meter", "in", "out"), inputs={"in": "in.wav"}, outputs={"out": "out.flac"})
    )
    with pytest.raises(error, match=message):
        Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(planned)
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


# Planning


def planned_job(**fields: Any) -> ProcessingPlan:
    document = job(op("loudnorm", "in", "out"), outputs={"out": "out.mp4"})
    return plan(document, {"in.mp4": clip_info(duration="60s", **fields)})


def test_plan_says_what_may_happen() -> None:
    made = planned_job()
    assert {"filter:ebur128", "filter:volume", "filter:loudnorm", "filter:aresample"} <= set(made.requires)
    text = made.explain()
    assert "m0: integrated, threshold, range, true_peak" in text
    assert "measure audio by ebur128 and volumedetect" in text
    assert (
        "linear, where the gain keeps true peaks within -1.5 dBTP and true peaks were below 12 dBTP"
        " and the range is within 11 LU: brought to -16 LUFS by one gain for all of it"
    ) in text
    (measuring,) = (each for each in made.steps if each.id == "measure-0")
    assert 0.1 < float(measuring.resources.cpu_seconds or 0) < 0.5, "of a minute"
    assert made.output("out").streams[0].encoder is None
    assert made.output("out").streams[1].reason == "not copied: changed by loudnorm"
    assert ProcessingPlan.from_dict(json.loads(json.dumps(made.to_dict(), allow_nan=False))) == made


def test_a_command_that_was_not_filled_does_not_run(tmp_path: Path, engine: Engine) -> None:
    sound(engine, tmp_path / "in.wav", "sine=d=1")
    document = job(op("loudnorm", "in", "out"), inputs={"in": "in.wav"}, outputs={"out": "out.flac"})
    made = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(document)
    argv = [str(engine.ffmpeg), *made.commands()[1][1:]]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "No such filter: 'late'" in done.stderr or "Filter not found" in done.stderr


def test_needs_sound() -> None:
    (found,) = problems(
        job(op("loudnorm", "in", "out"), outputs={"out": "out.mp4"}), {"in.mp4": clip_info(duration="60s", audio=0)}
    )
    assert (found.path, found.code) == ("/operations/0", "wrong-media")


@pytest.mark.parametrize(
    ("params", "path"),
    [({"target_lufs": -3}, "/target_lufs"), ({"target_tp": 1}, "/target_tp"), ({"target_lra": 0}, "/target_lra")],
)
def test_targets_have_limits(params: dict[str, Any], path: str) -> None:
    (found,) = problems(job(op("loudnorm", "in", "out", **params), outputs={"out": "out.mp4"}))
    assert (found.path, found.code) == (f"/operations/0/params{path}", "out-of-range")


def test_what_choosing_must_have() -> None:
    odd = meter(Measurement(reading="summary", fields={"other": "True peak/Peak"}))
    with pytest.raises(PluginContractError, match="nothing measures value"):
        plan(job(op("acme.meter", "in", "out"), outputs={"out": "out.mp4"}), registry=Registry([odd]))


ROW: list[tuple[str, dict[str, OptionValue]]] = [("ebur128", {"framelog": "verbose"}), ("volumedetect", {})]


@pytest.mark.parametrize(
    ("row", "told", "options", "message"),
    [
        (ROW, Told("max_volume"), {}, "of 2 filters, each field must name the one that tells it"),
        (ROW, Told("max_volume", by="astats"), {}, "not one filter of it is called astats"),
        ([*ROW, *ROW], Told("max_volume", by="volumedetect"), {}, "not one filter of it is called volumedetect"),
        (ROW, Told("max_volume", by="volumedetect"), {"peak": "true"}, "options of filters in a row stand with each"),
        ([], Told("max_volume"), {}, "of 0 filters"),
        ([("volume,detect", {})], Told("max_volume"), {}, "filter 'volume,detect' at /operations/0"),
    ],
)
def test_what_measuring_in_a_row_must_have(row: Any, told: Told, options: Any, message: str) -> None:
    odd = meter(Measurement(reading="lines", fields={"value": told}), row, **options)
    with pytest.raises(PluginContractError, match=message):
        plan(job(op("acme.meter", "in", "out"), outputs={"out": "out.mp4"}), registry=Registry([odd]))
