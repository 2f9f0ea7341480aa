"""What a file decodes to, and whether two files decode to the same: every frame, every sample, and when they are."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import attrs
import av
import numpy as np

__all__ = [
    "Cues", "Picture", "Sound", "cue_differences", "decode", "delay", "key_frames", "picture_differences",
    "sound_differences",
]  # fmt: skip


@attrs.frozen(kw_only=True, eq=False)
class Picture:
    """Frames in the order in which they are shown, turned as players turn them.

    Attributes:
        times: Seconds of each frame.
        frames: A checksum of the planes of each, with its size and pixel format.
        luma: The first plane of each.
        tick: The clock that the times were rounded to, seconds.
    """

    times: list[Fraction]
    frames: list[bytes]
    luma: list[np.ndarray]
    tick: Fraction


@attrs.frozen(kw_only=True, eq=False)
class Sound:
    """Samples of one track.

    Attributes:
        start: Seconds of the first sample.
        rate: Hz.
        samples: By channel, -1 to 1.
        tick: The clock that times were rounded to, seconds.
    """

    start: Fraction
    rate: int
    samples: np.ndarray
    tick: Fraction


@attrs.frozen
class Cues:
    """Texts of one track of subtitles, with when they come and go, seconds."""

    shown: list[tuple[Fraction, Fraction, str]]


def decode(path: Path) -> list[Picture | Sound | Cues]:
    """Every picture, sound and text of a file, in its order."""
    with av.open(io.BytesIO(path.read_bytes()), mode="r") as file:
        streams = [s for s in file.streams if s.type in ("video", "audio", "subtitle") and not _is_cover(s)]
        frames: dict[int, list[av.VideoFrame | av.AudioFrame]] = {s.index: [] for s in streams}
        cues: dict[int, list[tuple[Fraction, Fraction, str]]] = {s.index: [] for s in streams}
        for packet in file.demux(streams):
            if packet.stream.type == "subtitle":
                cues[packet.stream_index] += _cues(packet)
                continue
            for frame in packet.decode():
                assert isinstance(frame, av.VideoFrame | av.AudioFrame)
                frames[packet.stream_index].append(frame)
        found: list[Picture | Sound | Cues] = []
        for stream in streams:
            tick = Fraction(stream.time_base or 1)
            match stream.type:
                case "video":
                    found.append(_picture(frames[stream.index], tick))
                case "audio":
                    found.append(_sound(frames[stream.index], tick))
                case _:
                    found.append(Cues(cues[stream.index]))
        return found


def _is_cover(stream: av.stream.Stream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def key_frames(path: Path) -> list[Fraction]:
    """When the key frames of a file's picture are, seconds from its start, in order."""
    with av.open(str(path), mode="r") as file:
        start = Fraction(file.start_time or 0, 1_000_000)
        packets = (each for each in file.demux(file.streams.video[0]) if each.is_keyframe and each.pts is not None)
        return sorted((each.pts or 0) * Fraction(each.time_base or 1) - start for each in packets)


def _cues(packet: av.Packet) -> list[tuple[Fraction, Fraction, str]]:
    if packet.pts is None:
        return []
    tick = Fraction(packet.time_base or 1)
    start, length = packet.pts * tick, (packet.duration or 0) * tick
    texts = [rect.dialogue.decode() for each in packet.decode() for rect in getattr(each, "rects", [each])]
    return [(start, start + length, text) for text in texts if text.strip()]


def _picture(frames: list[av.VideoFrame | av.AudioFrame], tick: Fraction) -> Picture:
    shown = [frame for frame in frames if isinstance(frame, av.VideoFrame)]
    times = [Fraction(frame.pts or 0) * Fraction(frame.time_base or tick) for frame in shown]
    luma = [_rows(frame.planes[0])[:, : frame.width * _bytes(frame, 0)] for frame in shown]
    return Picture(times=times, frames=[_checksum(frame) for frame in shown], luma=luma, tick=tick)


def _rows(plane: av.video.plane.VideoPlane) -> np.ndarray:
    return np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height]


def _bytes(frame: av.VideoFrame, plane: int) -> int:
    """That a pixel has in a plane."""
    return sum(-(-each.bits // 8) for each in frame.format.components if each.plane == plane)


def _checksum(frame: av.VideoFrame) -> bytes:
    digest = hashlib.md5(frame.format.name.removeprefix("yuvj").removeprefix("yuv").encode(), usedforsecurity=False)
    for number, plane in enumerate(frame.planes):
        wide = _rows(plane)[:, : plane.width * _bytes(frame, number)].reshape(plane.height, plane.width, -1)
        upright = np.rot90(wide, frame.rotation // 90)
        digest.update(repr(upright.shape).encode() + np.ascontiguousarray(upright).tobytes())
    return digest.digest()


def _sound(frames: list[av.VideoFrame | av.AudioFrame], tick: Fraction) -> Sound:
    heard = [frame for frame in frames if isinstance(frame, av.AudioFrame)]
    if not heard:
        return Sound(start=Fraction(0), rate=1, samples=np.zeros((0, 0)), tick=tick)
    first = heard[0]
    start = Fraction(first.pts or 0) * Fraction(first.time_base or tick)
    samples = np.concatenate([_channels(frame) for frame in heard], axis=1)
    return Sound(start=start, rate=first.sample_rate, samples=samples, tick=tick)


def _channels(frame: av.AudioFrame) -> np.ndarray:
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    most = {"int16": 2**15, "int32": 2**31}.get(values.dtype.name, 1)
    return np.asarray(values, np.float64) / most


def picture_differences(
    one: Picture,
    other: Picture,
    *,
    reach: Fraction = Fraction(0),
    copied: int | None = None,
    even: Fraction | None = None,
) -> Iterator[str]:
    """Where pictures differ; times may by as much as both clocks round, and by *reach*.

    Args:
        one: A picture.
        other: A picture.
        reach: Seconds.
        copied: So many frames have to be the same, and the others alike; None is all.
        even: Seconds by which frames may be moved against each other; None where only *reach* counts.
    """
    if len(one.frames) != len(other.frames):
        ends = [f"{float(p.times[0]):.4f}..{float(p.times[-1]):.4f}" if p.times else "nothing" for p in (one, other)]
        yield f"{len(one.frames)} frames ({ends[0]}) and {len(other.frames)} ({ends[1]})"
        return
    slack = _slack(one.tick, other.tick) + reach
    for at, (a, b) in enumerate(zip(one.times, other.times, strict=True)):
        if abs(a - b) > slack:
            yield f"frame {at} is shown at {float(a):.6f} and at {float(b):.6f}"
            break
    moved = [b - a for a, b in zip(one.times, other.times, strict=True)]
    if even is not None and moved and max(moved) - min(moved) > 2 * _slack(one.tick, other.tick) + even:
        yield f"frames are moved against each other, by {float(min(moved)):.4f} to {float(max(moved)):.4f} s"
    wrong = [at for at, (a, b) in enumerate(zip(one.frames, other.frames, strict=True)) if a != b]
    if copied is not None:
        worst = min((_similarity(one.luma[at], other.luma[at]) for at in wrong), default=1.0)
        if worst < _ALIKE:
            yield f"a frame is not like the other: structural similarity is {worst:.3f}"
        if len(one.frames) - len(wrong) < copied:
            yield f"{copied} frames are copied, and {len(one.frames) - len(wrong)} are the same"
    elif wrong:
        yield f"{len(wrong)} of {len(one.frames)} frames differ, the first is {wrong[0]}"


_ALIKE = 0.98
"""Structural similarity of what is encoded again at the edges of a smart cut."""


def _similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity (SSIM) of two planes of bytes: the mean over blocks of eight by eight."""
    if one.shape != other.shape:
        return 0.0
    a, b = (_blocks(each.astype(np.float64)) for each in (one, other))
    mean_a, mean_b = a.mean(axis=1), b.mean(axis=1)
    together = (a * b).mean(axis=1) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_a * mean_b + c1) * (2 * together + c2)
    return float(np.mean(likeness / ((mean_a**2 + mean_b**2 + c1) * (a.var(axis=1) + b.var(axis=1) + c2))))


def _blocks(plane: np.ndarray) -> np.ndarray:
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    whole = plane[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8)
    return whole.swapaxes(1, 2).reshape(rows * columns, 64)


def cue_differences(one: Cues, other: Cues, *, reach: Fraction = Fraction(0)) -> Iterator[str]:
    """Where texts differ; times may by the rounding of two clocks of milliseconds, and by *reach*."""
    if [text for _, _, text in one.shown] != [text for _, _, text in other.shown]:
        yield f"the texts are {[text for _, _, text in one.shown]} and {[text for _, _, text in other.shown]}"
        return
    for (a, b, text), (c, d, _) in zip(one.shown, other.shown, strict=True):
        if max(abs(a - c), abs(b - d)) > reach + Fraction(1, 500):
            yield f"{text!r} is shown {float(a):.3f}..{float(b):.3f} and {float(c):.3f}..{float(d):.3f}"


def sound_differences(
    one: Sound, other: Sound, *, exact: bool, reach: Fraction = Fraction(0), joints: int = 0
) -> Iterator[str]:
    """Where tracks of sound differ.

    Args:
        one: A track.
        other: A track.
        exact: Whether samples have to be identical; else they have to be the same sound.
        reach: Seconds by which the sound may be shifted, and by which it may be shorter or longer at either end.
        joints: Places at which it is joined of parts, each of which may be shifted by another time.
    """
    if (one.rate, len(one.samples)) != (other.rate, len(other.samples)):
        yield f"{len(one.samples)} channels of {one.rate} Hz and {len(other.samples)} of {other.rate} Hz"
        return
    slack = _slack(one.tick, other.tick) + reach
    if abs(one.start - other.start) > slack:
        yield f"sound begins at {float(one.start):.6f} and at {float(other.start):.6f}"
        return
    lengths = [each.samples.shape[1] for each in (one, other)]
    if abs(lengths[0] - lengths[1]) > 2 * reach * one.rate:
        yield f"{lengths[0]} and {lengths[1]} samples"
        return
    if not exact and min(lengths) <= reach * one.rate:
        return  # so short that they need not have a sample in common
    if joints and reach and not exact:
        if (ratio := _ratio_of_parts(one, other, reach, joints)) < _SAME:
            yield f"the sound differs, however its parts are shifted: signal to difference is {ratio:.1f} dB"
        return
    a, b = _overlap(one, other, _shift(one, other, reach)) if reach else (one.samples, other.samples)
    if exact:
        wrong = np.flatnonzero(np.any(a != b, axis=0))
        if wrong.size:
            yield f"{wrong.size} of {a.shape[1]} samples differ, the first is {wrong[0]}"
    elif (ratio := _ratio(a, b)) < _SAME:
        yield f"the sound differs: signal to difference is {ratio:.1f} dB"


_SAME = 30.0
"""Decibels. One sample too late is 25 dB at 440 Hz, and less at higher tones."""


def delay(one: Picture | Sound | Cues, other: Picture | Sound | Cues, reach: Fraction) -> Fraction:
    """Seconds by which the same comes later in *other*."""
    if isinstance(one, Sound) and isinstance(other, Sound):
        return other.start - one.start - Fraction(_shift(one, other, reach), one.rate)
    assert isinstance(one, Picture)
    assert isinstance(other, Picture)
    return other.times[0] - one.times[0]


_COMPARED = 100_000
"""Samples that are enough to see which lie over which."""


def _shift(one: Sound, other: Sound, reach: Fraction) -> int:
    """How many samples of *one* come before the first of *other*, where they are most alike."""
    most = int(reach * one.rate) + 1
    # Of a tone that is moved by a part of a sample, other periods may fit better than the one that it is.
    told = [shift for shift in {0, round((other.start - one.start) * one.rate)} if abs(shift) <= most]
    best, shift = max((_ratio(*_overlap(one, other, shift)), shift) for shift in told)
    if best >= _SAME:
        return shift
    # From where something is heard: of silence every part is like every other.
    begin = max(0, min(_first_heard(one), _first_heard(other)) - most)
    a, b = (each.samples[0][begin : begin + _COMPARED] for each in (one, other))
    if not (len(a) and len(b)) or max(np.abs(a).max(), np.abs(b).max()) < _HEARD:
        return 0  # silence is like itself wherever it lies
    size = 1 << (len(a) + len(b)).bit_length()
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    shifts = np.r_[np.arange(-min(most, len(b) - 1), min(most, len(a) - 1) + 1)]
    # What differs where they overlap, as a share of what is there: sums up to each sample give any part's.
    power_a, power_b = (np.r_[0, np.cumsum(each**2)] for each in (a, b))
    from_a, from_b = np.maximum(shifts, 0), np.maximum(-shifts, 0)
    length = np.minimum(len(a) - from_a, len(b) - from_b)
    power = power_a[from_a + length] - power_a[from_a] + power_b[from_b + length] - power_b[from_b]
    return int(shifts[np.argmax(product[shifts] / np.maximum(power, 1e-9))])


def _first_heard(sound: Sound) -> int:
    return int(np.argmax(np.abs(sound.samples[0]) > _HEARD)) if sound.samples.size else 0


_HEARD = 1e-3


def _overlap(one: Sound, other: Sound, shift: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = one.samples[:, max(shift, 0) :], other.samples[:, max(-shift, 0) :]
    length = min(a.shape[1], b.shape[1])
    return a[:, :length], b[:, :length]


def _ratio(a: np.ndarray, b: np.ndarray) -> float:
    if not a.size:
        return float("inf")
    noise = float(np.mean((a - b) ** 2))
    power = max(float(np.mean(a**2)), 1e-6)
    return float(10 * np.log10(power / max(noise, power * 1e-15)))


_PART = 10_000
"""Samples of a part that is shifted by itself, where nobody knows which belong together."""


def _ratio_of_parts(one: Sound, other: Sound, reach: Fraction, joints: int) -> float:
    """Signal to difference, dB, of short parts, each where it is most like the other; but for those with a joint."""
    most = int(reach * one.rate) + 1
    length = min(each.samples.shape[1] for each in (one, other))
    found = []
    for begin in range(most, length - most - _PART, _PART):
        a = one.samples[:, begin : begin + _PART]
        places = range(begin - most, begin + most + 1)
        noise = min(float(np.mean((a - other.samples[:, at : at + _PART]) ** 2)) for at in places)
        found.append((noise, float(np.mean(a**2))))
    kept = sorted(found)[: max(1, len(found) - 2 * joints)]  # silence that fills a part up may end in the next one
    noise, power = (sum(each) for each in zip(*kept, strict=True)) if kept else (0.0, 1.0)
    return float(10 * np.log10(max(power, 1e-6) / max(noise, power * 1e-15, 1e-21)))


def _slack(*ticks: Fraction) -> Fraction:
    """Each clock rounds by half a tick; clocks finer than a sample do not count."""
    return sum((tick / 2 for tick in ticks if tick > Fraction(1, 48_000)), Fraction(1, 48_000))
