"""What clips are brought to before they are joined: one size, rate and pixel format, one kind of sound.

FFmpeg joins only what is alike, and where rates differ makes a stream of a million frames a second of it. `form_of`
chooses the form from the facts of the clips, `part_length` and `joined` say how long the parts and the whole become,
and `Lowering.concat` brings clips into it. Only facts here: no stream is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal

import attrs

from mediapipeline.media.geometry import Resolution, fit_size
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, VideoStream

__all__ = [
    "Fit", "Form", "PictureForm", "SoundForm", "form_of", "has_form", "has_sound_form", "joined", "late_picture",
    "part_length", "picture_facts", "samples", "sound_facts", "sound_form", "square_size",
]  # fmt: skip

Fit = Literal["contain", "cover", "stretch"]
_ZERO = Fraction(0)
_ONE = Fraction(1)
_MICROSECOND = Fraction(1, 1_000_000)
_DEFAULT_RATE = 48_000
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_NOT_MADE = {"pal8": "bgra"}  # formats that FFmpeg reads and cannot scale into


@attrs.frozen(kw_only=True)
class PictureForm:
    """The form of pictures: square pixels, a constant rate."""

    size: Resolution
    rate: Fraction
    pix_fmt: str = "yuv420p"
    fit: Fit = "contain"
    background: str = "black"

    def scaled(self, video: VideoStream) -> Resolution:
        """What *video* is scaled to, before it is padded or cropped to `size`."""
        source = square_size(video)
        if self.fit == "stretch" or source == self.size:
            return self.size
        even = 1 if self.size.width % 2 or self.size.height % 2 else 2
        return fit_size(source, self.size, self.fit, even)


@attrs.frozen(kw_only=True)
class SoundForm:
    """The form of sound tracks."""

    rate: int
    channels: int
    layout: str
    sample_fmt: str = "fltp"


@attrs.frozen(kw_only=True)
class Form:
    """What all clips are brought to.

    Attributes:
        picture: None where no clip has one.
        sound: The form of each track; tracks that a clip lacks are silence there.
    """

    picture: PictureForm | None = None
    sound: tuple[SoundForm, ...] = ()


def square_size(video: VideoStream) -> Resolution:
    """The size of the picture as players show it; even, where pixels that are not square are made so."""
    if video.sar in (None, 1):
        return Resolution(video.width, video.height)
    return Resolution(max(2, round(video.width * (video.sar or 1) / 2) * 2), video.height)


def sound_form(tracks: Sequence[AudioStream]) -> SoundForm:
    """The form that loses nothing of *tracks*: the highest rate and the widest layout of them."""
    rates = [track.sample_rate for track in tracks if track.sample_rate is not None]
    widest = max(tracks, key=lambda track: track.channels or 0)
    channels = widest.channels or 2
    formats = {track.sample_fmt for track in tracks}
    (only,) = formats if len(formats) == 1 else (None,)
    return SoundForm(
        rate=max(rates, default=_DEFAULT_RATE),
        channels=channels,
        layout=widest.channel_layout or _LAYOUTS.get(channels, f"{channels}c"),
        sample_fmt=only or "fltp",
    )


def form_of(
    clips: Sequence[MediaInfo],
    *,
    size: Resolution | None,
    rate: Fraction,
    tracks: int,
    fit: Fit = "contain",
    background: str = "black",
) -> Form:
    """The form for *clips*.

    Args:
        clips: Facts of the clips.
        size: Of the picture; None where no clip has one.
        rate: Frames per second of the picture.
        tracks: How many sound tracks.
        fit: How pictures of another shape fill the size.
        background: What is beside them, and in place of a missing picture.
    """
    pictures = [clip.video for clip in clips if clip.video is not None]
    formats = [video.pix_fmt for video in pictures if video.pix_fmt is not None]
    pix_fmt = formats[0] if formats else "yuv420p"
    return Form(
        picture=None if size is None else PictureForm(
            size=size, rate=rate, pix_fmt=_NOT_MADE.get(pix_fmt, pix_fmt), fit=fit, background=background
        ),
        sound=tuple(
            sound_form([clip.audio[at] for clip in clips if at < len(clip.audio)]) for at in range(tracks)
        ),
    )  # fmt: skip


def late_picture(clip: MediaInfo, form: Form) -> Fraction:
    """Seconds of *clip* before its picture that are left out of its part of a whole, so that no frame has to fill them.

    Less than a frame: in Matroska and MPEG-TS the sound begins with a packet that nobody was to hear, 21 ms of AAC.
    """
    start = clip.video.start if clip.video is not None and form.picture is not None else None
    return start if start and form.picture is not None and start * form.picture.rate < 1 else _ZERO


def part_length(clip: MediaInfo, form: Form) -> Fraction | None:
    """Seconds that *clip* lasts as a part of a whole: to the end of its picture, in whole frames where there are any.

    It begins where the picture does, if that is less than a frame late. None where nobody knows.
    """
    ends = [] if clip.video is None else [clip.video.end]
    if not ends:  # but for sound that a part has nothing of, since it lies before it
        ends = [track.end for track in clip.audio if track.duration != 0]
    known = [end for end in ends if end is not None]
    length = max(known) if known and len(known) == len(ends) else clip.duration
    if length is None:
        return None
    if late := late_picture(clip, form):
        length -= late
    if form.picture is not None:
        rate = form.picture.rate
    elif form.sound:
        rate = Fraction(form.sound[0].rate)
    else:
        return length
    return Fraction(max(1, _count(length, rate)) * rate.denominator, rate.numerator)


def _count(time: Fraction, rate: Fraction | int) -> int:
    """How many there are up to *time*, at *rate* a second: to the nearest, halves up, as FFmpeg rounds times."""
    above, below = time.numerator * rate.numerator, time.denominator * rate.denominator
    return (2 * above + below) // (2 * below)


def samples(time: Fraction, sound: SoundForm) -> int:
    """How many samples there are up to *time*."""
    return _count(time, sound.rate)


def picture_facts(form: PictureForm, like: VideoStream | None, length: Fraction | None) -> VideoStream:
    """The facts of a picture in *form* that lasts *length*; what *form* does not say is that of *like*."""
    base = like if like is not None else VideoStream(index=0, width=1, height=1, default=True)
    return attrs.evolve(
        base, codec=None, width=form.size.width, height=form.size.height, sar=_ONE, rotation=0,
        rotation_by_tag=False, frame_rate=form.rate, vfr=False, even=True, frames=None, pix_fmt=form.pix_fmt,
        start=_ZERO, duration=length, time_base=_MICROSECOND, bit_rate=None, profile=None, interlaced=False,
        reorder=None, leading=None, extradata=None, preroll=None, delay=None,
    )  # fmt: skip


def sound_facts(form: SoundForm, like: AudioStream | None, length: Fraction | None) -> AudioStream:
    """The facts of a sound track in *form* that lasts *length*; what *form* does not say is that of *like*."""
    base = like if like is not None else AudioStream(index=1, default=True)
    return attrs.evolve(
        base, codec=None, sample_rate=form.rate, channels=form.channels, channel_layout=form.layout,
        sample_fmt=form.sample_fmt, start=_ZERO, duration=length, time_base=Fraction(1, form.rate),
        bit_rate=None, profile=None, extradata=None, preroll=None, packet=None,
    )  # fmt: skip


def has_form(video: VideoStream, form: PictureForm) -> bool:
    """Whether *video* is in *form* already; how long it is may still have to change."""
    as_large = (video.width, video.height) == (form.size.width, form.size.height)
    return as_large and video.sar in (None, 1) and video.pix_fmt == form.pix_fmt and video.frame_rate == form.rate


def has_sound_form(track: AudioStream, form: SoundForm) -> bool:
    """Whether *track* is in *form* already, but for how samples are written; how long it is may have to change."""
    return (track.sample_rate, track.channels, track.channel_layout) == (form.rate, form.channels, form.layout)


def joined(clips: Sequence[MediaInfo], form: Form) -> MediaInfo:
    """The facts of *clips* one after the other in *form*; tags, chapters and cover art are those of the first."""
    lengths = [part_length(clip, form) for clip in clips]
    known = [length for length in lengths if length is not None]
    length = sum(known, Fraction(0)) if len(known) == len(lengths) else None
    like = next((clip.video for clip in clips if clip.video is not None), None)
    first = clips[0]
    video = None
    if form.picture is not None:  # the clock of the whole counts frames
        video = attrs.evolve(picture_facts(form.picture, like, length), time_base=1 / form.picture.rate)
    return attrs.evolve(
        first,
        format=None, start=Fraction(0), duration=length, size=None, bit_rate=None, still=False, fingerprint=None,
        video=video,
        other_video=(), subtitles=(), data=(),
        audio=tuple(
            sound_facts(sound, next((clip.audio[at] for clip in clips if at < len(clip.audio)), None), length)
            for at, sound in enumerate(form.sound)
        ),
    )  # fmt: skip
