"""`StreamChoice`: which streams of an input a job uses."""

from __future__ import annotations

from typing import Any, Self

import attrs

from mediapipeline.errors import Problems
from mediapipeline.media.fields import Fields
from mediapipeline.media.malformed import shown

__all__ = ["StreamChoice"]

_MOST_TRACKS = 1000


@attrs.frozen(kw_only=True)
class StreamChoice:
    """Which streams of an input are used; in a document ``{"audio": [0], "subtitles": false}``.

    For each kind: None (not given, or true) is all of them, otherwise the positions among the streams of that kind,
    from 0, in the order that they are to have; false is none. Of pictures at most one is chosen: ``"video": 1``.
    """

    video: tuple[int, ...] | None = None
    audio: tuple[int, ...] | None = None
    subtitles: tuple[int, ...] | None = None

    @classmethod
    def parse(cls, value: object, path: str, problems: Problems) -> Self | None:
        hint = 'such as {"audio": [0], "subtitles": false}'
        fields = Fields.of(value, path, problems, what="streams", hint=hint)
        if fields is None:
            return None
        found = cls(**{kind: _positions(fields, kind) for kind in ("video", "audio", "subtitles")})
        fields.close()
        if found.video is not None and len(found.video) > 1:
            fields.bad("video", "out-of-range", "a clip has one picture stream", "use several inputs for several")
        if fields.ok and found == cls():
            fields.bad(None, "inert-setting", "streams chooses nothing: it is what happens without it")
        if fields.ok and (found.video, found.audio, found.subtitles) == ((), (), ()):
            fields.bad(None, "empty", "streams leaves nothing of the input")
        return found if fields.ok else None

    def to_dict(self) -> dict[str, Any]:
        chosen = {"video": self.video, "audio": self.audio, "subtitles": self.subtitles}
        return {kind: which if which != () else False for kind, which in chosen.items() if which is not None}


def _positions(fields: Fields, kind: str) -> tuple[int, ...] | None:
    value = fields.take(kind)
    if value is None or value is True:
        return None
    if value is False:
        return ()
    numbers = value if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(n, int) and not isinstance(n, bool) for n in numbers):
        fields.wrong(kind, "true, false or a list of positions from 0")
    elif any(not 0 <= n < _MOST_TRACKS for n in numbers):
        fields.bad(kind, "out-of-range", f"positions of streams are 0 to {_MOST_TRACKS - 1}, not {shown(min(numbers))}")
    elif len(set(numbers)) < len(numbers):
        fields.bad(kind, "duplicate", f"{kind} names a stream twice")
    return tuple(numbers) if fields.ok else None
