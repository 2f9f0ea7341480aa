"""What a document asks for the coded streams of an output.

A codec name (``h264``) is a requirement that a copy may satisfy, and so is a setting that says what comes out
(``profile``, ``pix_fmt``, ``sample_rate``, ``channels``). An encoder name (``libx264``) or a setting that only an
encoder can obey means encoding, and nothing at all means *auto*. Which encoder serves which codec and what it takes
is in `mediapipeline.media.encoders`; whether a container takes a codec in `mediapipeline.media.container`.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Self, cast

import attrs

from mediapipeline.errors import Problems, pointer
from mediapipeline.media.codec_reading import (
    EncoderLimits,
    codec_name,
    name_or_number,
    refuse_inert,
    refuse_two_controls,
    settings_value,
)
from mediapipeline.media.encoders import (
    CODECS,
    QUALITIES,
    Encoder,
    Options,
    Quality,
    encoder_for,
    resolve,
)
from mediapipeline.media.fields import Fields
from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.media.words import counted

__all__ = ["AudioCodec", "CodecSettings", "VideoCodec"]

_LONGEST_GOP = 60


class _Settings:
    """What the settings of pictures and of sound have in common."""

    codec: str | None
    quality: Quality | None
    bitrate: int | None

    @property
    def copies(self) -> bool:
        """Whether a copy is demanded."""
        return self.codec == "copy"

    @property
    def drops(self) -> bool:
        """Whether the stream is to be left out."""
        return self.codec == "none"

    @property
    def name(self) -> str | None:
        """The codec (never the encoder) that is asked for; None for auto, copy and none."""
        found = resolve(self.codec) if self.codec is not None else None
        return found[0] if found is not None else None

    @property
    def encoder(self) -> Encoder | None:
        """The encoder that is named, or else the preferred one of the codec; None for auto, copy and none."""
        found = resolve(self.codec) if self.codec is not None else None
        return None if found is None else found[1] or encoder_for(found[0])

    @property
    def pins_encoder(self) -> bool:
        """Whether an encoder is named, not just a codec."""
        found = resolve(self.codec) if self.codec is not None else None
        return found is not None and found[1] is not None

    def _given(self, *names: str) -> list[str]:
        return [name for name in names if getattr(self, name) is not None]


def _missed(what: str, has: object, asked: str | None) -> str:
    known = f"the source has {has}, " if has else f"its {what} is not known, and "
    return f"{known}the job asks for {asked}"


@attrs.frozen(kw_only=True)
class VideoCodec(_Settings):
    """How a picture stream is to be coded. None is "as fits best"."""

    codec: str | None = None
    """A codec name, an encoder name, ``copy`` or ``none``."""
    crf: int | None = None
    quality: Quality | None = None
    bitrate: int | None = None
    """Bits per second; so are `maxrate` and, in bits, `bufsize`."""
    maxrate: int | None = None
    bufsize: int | None = None
    preset: str | None = None
    profile: str | None = None
    """A copy may satisfy this one and `pix_fmt`."""
    level: str | None = None
    pix_fmt: str | None = None
    gop: Fraction | None = None
    """Greatest distance between key frames, seconds."""
    two_pass: bool | None = None

    @property
    def forces_encoding(self) -> bool:
        """Whether only an encoder can do what is asked, never a copy."""
        return self.pins_encoder or bool(self._encoding())

    @property
    def is_requirement(self) -> bool:
        """Whether a codec is named that a copy may satisfy."""
        return self.name is not None and not self.forces_encoding

    def _encoding(self) -> list[str]:
        return self._given("crf", "quality", "bitrate", "maxrate", "bufsize", "preset", "level", "gop", "two_pass")

    def missed_by(self, stream: VideoStream, encoder: Encoder | None = None) -> str | None:
        """What is asked of the result that *stream* has not as it is, as part of a sentence; None where it has all.

        Args:
            stream: What might be copied.
            encoder: The one that would make it otherwise, which tells what a profile is one of.
        """
        if self.profile is not None and encoder is not None:
            if stream.codec != encoder.codec:
                return f"the source has {stream.codec}, the job asks for the profile {self.profile} of {encoder.codec}"
            if stream.profile not in encoder.read_profiles.get(self.profile, ()):
                return _missed("profile", stream.profile and f"the profile {stream.profile}", self.profile)
        if self.pix_fmt not in (None, stream.pix_fmt):
            return _missed("pixel format", stream.pix_fmt, self.pix_fmt)
        return None

    @classmethod
    def parse(cls, value: object, path: str, problems: Problems) -> Self | None:
        """The settings that *value* (a name, or an object of settings) stands for; None with problems."""
        if isinstance(value, str):
            value = {"codec": value}
            inner = path
        else:
            inner = pointer(path, "codec")
        fields = Fields.of(value, path, problems, what="a video codec", hint='such as "h264" or {"codec": "h264"}')
        if fields is None:
            return None
        codec = codec_name(fields, "video", inner, problems)
        found = cls(
            codec=codec,
            crf=fields.integer("crf"),
            quality=cast("Quality | None", fields.choice("quality", QUALITIES)),
            bitrate=fields.bit_rate("bitrate"),
            maxrate=fields.bit_rate("maxrate"),
            bufsize=fields.bit_rate("bufsize"),
            preset=name_or_number(fields, "preset"),
            profile=fields.text("profile", longest=64),
            level=name_or_number(fields, "level"),
            pix_fmt=fields.text("pix_fmt", longest=64),
            gop=fields.duration("gop", gt=0, le=_LONGEST_GOP, hint='a duration such as "2s", not a number of frames'),
            two_pass=fields.boolean("two_pass"),
        )
        fields.close()
        found._agrees(fields)
        return found if found.check(path, problems) and fields.ok else None

    def _agrees(self, fields: Fields) -> None:
        refuse_inert(fields, self.codec, [*self._encoding(), *self._given("profile", "pix_fmt")])
        refuse_two_controls(fields, self._given("crf", "quality", "bitrate"))
        if self.bufsize is not None and not fields.has("maxrate"):
            fields.bad("bufsize", "inert-setting", "bufsize does nothing without maxrate")
        if self.bitrate is not None and self.maxrate is not None and self.maxrate < self.bitrate:
            fields.bad("maxrate", "out-of-range", f"maxrate is at least bitrate ({self.bitrate}), not {self.maxrate}")
        if self.two_pass and not fields.has("bitrate"):
            fields.bad("two_pass", "conflicting-settings", "two passes serve to meet a bitrate, and none is given")

    def check(self, path: str, problems: Problems, encoder: Encoder | None = None) -> bool:
        """Report what *encoder* (default: the one that is asked for) does not take.

        `parse` does this as far as it knows the encoder; a planner that chose another one does it again.
        """
        encoder = encoder or self.encoder
        if encoder is None:
            if self.name is not None and (self.forces_encoding or self.profile is not None):
                problems.add(path, "no-encoder", f"{self.codec} can only be copied, not encoded")
                return False
            return True
        limits = EncoderLimits(encoder, path, problems)
        if self.crf is not None:
            if encoder.crf is None:
                limits.refuse("crf", "use quality or bitrate" if encoder.bit_rates else None)
            else:
                limits.within("crf", self.crf, encoder.crf)
        if self.quality is not None and not encoder.quality:
            limits.refuse("quality")
        if self.quality is not None and self.profile is not None and dict(encoder.quality["high"]).get("profile"):
            limits.bad("profile", "conflicting-settings", f"quality and profile are the same thing for {encoder.name}")
        for name in self._given("bitrate", "maxrate"):
            limits.bit_rate(name, getattr(self, name))
        limits.one_of("preset", self.preset, encoder.presets)
        limits.one_of("profile", self.profile, tuple(encoder.profiles))
        limits.one_of("level", self.level, encoder.levels)
        if self.two_pass and encoder.statistics is None:
            limits.refuse("two_pass")
        if self.gop is not None and dict(encoder.always).get("g"):
            limits.refuse("gop")
        if self.pix_fmt is not None and encoder.pix_fmts:
            limits.one_of("pix_fmt", self.pix_fmt, encoder.pix_fmts)
            if limits.ok and self.pix_fmt not in self.pix_fmts(encoder):
                limits.bad("pix_fmt", "conflicting-settings", f"profile {self.profile} does not take {self.pix_fmt}")
        return limits.ok

    def pix_fmts(self, encoder: Encoder) -> tuple[str, ...]:
        """The pixel formats that may be handed to *encoder*, the best known first; empty is any."""
        taken = encoder.profiles.get(self.profile or "", encoder.pix_fmts)
        if self.pix_fmt is None:
            return taken
        return (self.pix_fmt,) if self.pix_fmt in taken or not taken else ()

    def options(self, encoder: Encoder, frame_rate: Fraction | None = None, pix_fmt: str | None = None) -> Options:
        """Options for *encoder*, without ``c`` and ``pix_fmt`` and without what makes it two passes.

        Args:
            encoder: Any encoder of the codec that is asked for.
            frame_rate: Of the stream to encode; without it `gop` forces key frames by time.
            pix_fmt: What it is handed, where that is known.
        """
        options = dict(encoder.always)
        preset = self.preset or encoder.preset
        if preset is not None:
            options[encoder.preset_option] = preset
        if self.bitrate is not None:
            options["b"] = str(self.bitrate)
        elif self.crf is not None:
            options |= {"crf": str(self.crf), **dict(encoder.crf_options)}
        elif encoder.quality and not (self.profile and "profile" in dict(encoder.quality["high"])):
            options |= dict(encoder.quality[self.quality or "high"])
            if pix_fmt is not None and pix_fmt not in encoder.profiles.get(options.get("profile") or "", (pix_fmt,)):
                # Of a profile that does not take it, chroma or transparency would be lost without a word.
                options["profile"] = next(name for name, taken in encoder.profiles.items() if pix_fmt in taken)
        if self.maxrate is not None:
            options |= {"maxrate": str(self.maxrate), "bufsize": str(self.bufsize or 2 * self.maxrate)}
        if self.profile is not None:
            options["profile"] = self.profile
        if self.level is not None:
            options["level"] = self.level
        if self.gop is not None and frame_rate:
            options["g"] = str(max(1, round(self.gop * frame_rate)))
        elif self.gop is not None:
            options["force_key_frames"] = f"expr:gte(t,n_forced*{float(self.gop):.9g})"
        return tuple(options.items())

    def to_value(self) -> Any:
        """JSON form: the name where there is nothing else, otherwise an object."""
        return settings_value(self)


@attrs.frozen(kw_only=True)
class AudioCodec(_Settings):
    """How sound is to be coded. None is "as fits best"."""

    codec: str | None = None
    """A codec name, an encoder name, ``copy`` or ``none``."""
    bitrate: int | None = None
    """Bits per second."""
    quality: Quality | None = None
    sample_rate: int | None = None
    """Hz. A copy may satisfy this one and `channels`."""
    channels: int | None = None

    @property
    def forces_encoding(self) -> bool:
        """Whether only an encoder can do what is asked, never a copy."""
        return self.pins_encoder or bool(self._given("bitrate", "quality"))

    @property
    def is_requirement(self) -> bool:
        """Whether a codec is named that a copy may satisfy."""
        return self.name is not None and not self.forces_encoding

    def missed_by(self, stream: AudioStream) -> str | None:
        """What is asked of the result that *stream* has not as it is, as part of a sentence; None where it has all."""
        if self.sample_rate not in (None, stream.sample_rate):
            return _missed("sample rate", stream.sample_rate and f"{stream.sample_rate} Hz", f"{self.sample_rate} Hz")
        if self.channels not in (None, stream.channels):
            has = stream.channels and counted(stream.channels, "channel")
            return _missed("number of channels", has, str(self.channels))
        return None

    @classmethod
    def parse(cls, value: object, path: str, problems: Problems) -> Self | None:
        """The settings that *value* (a name, or an object of settings) stands for; None with problems."""
        if isinstance(value, str):
            value = {"codec": value}
            inner = path
        else:
            inner = pointer(path, "codec")
        fields = Fields.of(value, path, problems, what="an audio codec", hint='such as "aac" or {"codec": "aac"}')
        if fields is None:
            return None
        codec = codec_name(fields, "audio", inner, problems)
        found = cls(
            codec=codec,
            bitrate=fields.bit_rate("bitrate"),
            quality=cast("Quality | None", fields.choice("quality", QUALITIES)),
            sample_rate=fields.integer("sample_rate", ge=4000, le=384_000),
            channels=fields.integer("channels", ge=1, le=64),
        )
        fields.close(_RENAMED.get)
        found._agrees(fields)
        return found if found.check(path, problems) and fields.ok else None

    def _agrees(self, fields: Fields) -> None:
        refuse_inert(fields, self.codec, self._given("bitrate", "quality", "sample_rate", "channels"))
        refuse_two_controls(fields, self._given("bitrate", "quality"))

    def check(self, path: str, problems: Problems, encoder: Encoder | None = None) -> bool:
        """Report what *encoder* (default: the one that is asked for) does not take.

        `parse` does this as far as it knows the encoder; a planner that chose another one does it again.
        """
        encoder = encoder or self.encoder
        if encoder is None:
            if self.name is not None and self.forces_encoding:
                problems.add(path, "no-encoder", f"{self.codec} can only be copied, not encoded")
                return False
            return True
        limits = EncoderLimits(encoder, path, problems)
        if self.bitrate is not None:
            limits.bit_rate("bitrate", self.bitrate)
        if self.quality is not None and not encoder.quality and not encoder.bits_per_channel:
            limits.refuse("quality")
        if self.sample_rate is not None and encoder.sample_rate(self.sample_rate) != self.sample_rate:
            known = ", ".join(map(str, encoder.sample_rates))
            limits.bad("sample_rate", "out-of-range", f"{encoder.name} takes {known} Hz, not {self.sample_rate}")
        if self.channels is not None and encoder.max_channels is not None:
            limits.within("channels", self.channels, (1, encoder.max_channels))
        return limits.ok

    def options(self, encoder: Encoder, channels: int | None = None) -> Options:
        """Options for *encoder*, without ``c``, ``ar`` and ``ac``.

        Args:
            encoder: Any encoder of the codec that is asked for.
            channels: Of the sound to encode; two where unknown.
        """
        options = dict(encoder.always)
        quality = self.quality or "high"
        if self.bitrate is not None:
            options["b"] = str(self.bitrate)
        elif encoder.quality:
            options |= dict(encoder.quality[quality])
        elif encoder.bits_per_channel:
            options["b"] = str(encoder.bit_rate(encoder.bits_per_channel[quality] * (self.channels or channels or 2)))
        return tuple(options.items())

    def to_value(self) -> Any:
        """JSON form: the name where there is nothing else, otherwise an object."""
        return settings_value(self)


_RENAMED: Mapping[str, tuple[str, str, str]] = {
    "rate": ("unknown-field", 'an audio codec has no field "rate"', 'it is called "sample_rate"'),
}


@attrs.frozen(kw_only=True)
class CodecSettings:
    """The ``codec`` of an output. Where only one of the two is given, the other kind of stream is left out."""

    video: VideoCodec | None = None
    audio: AudioCodec | None = None

    @classmethod
    def parse(cls, value: object, path: str, problems: Problems) -> Self | None:
        """The settings that the object *value* stands for; None with problems."""
        hint = 'such as {"video": "h264", "audio": "aac"}'
        if isinstance(value, str) and (known := resolve(value)) is not None:
            hint = f'write {{"{CODECS[known[0]].kind}": "{value}"}}'
        fields = Fields.of(value, path, problems, what="codec", hint=hint)
        if fields is None:
            return None
        video, audio = fields.take("video"), fields.take("audio")
        picture = VideoCodec.parse(video, pointer(path, "video"), problems) if video is not None else None
        sound = AudioCodec.parse(audio, pointer(path, "audio"), problems) if audio is not None else None
        whole = (picture is None) == (video is None) and (sound is None) == (audio is None)
        if video is None and audio is None:
            fields.bad(None, "empty", "codec has neither video nor audio", "leave it out to let the library choose")
        elif whole and all(part is None or part.drops for part in (picture, sound)):
            fields.bad(None, "empty", "codec leaves out both video and audio")
        fields.close()
        return cls(video=picture, audio=sound) if fields.ok and whole else None

    def to_value(self) -> dict[str, Any]:
        """JSON form."""
        both: dict[str, Any] = {"video": self.video, "audio": self.audio}
        settings = VideoCodec | AudioCodec  # what is anything else is for the reader to refuse
        return {k: v.to_value() if isinstance(v, settings) else v for k, v in both.items() if v is not None}
