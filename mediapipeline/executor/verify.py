"""`Verifier`: looks at an output before it is published. Exit code 0 is not success.

A file is probed, compared with what was planned, and read from its first packet to its last (or decoded, if asked),
while the system writes it to disk. A process takes longer to start than a short file to be read: of such one, a single
process tells everything.
"""

from __future__ import annotations

import math
import re
import shutil
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Literal

import attrs

from mediapipeline.errors import OutputError, ProbeError, StalledError
from mediapipeline.executor.compare import checks, differences, hollow, late
from mediapipeline.executor.publish import sync_file
from mediapipeline.executor.stills import AT_ONCE, joined, seen, sequence_argv
from mediapipeline.executor.tools import Tools
from mediapipeline.executor.waiting import in_thread, together
from mediapipeline.ffmpeg.demuxers import FORMAT_WHITELIST, forced_format
from mediapipeline.ffmpeg.diagnosis import diagnose
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.process import ProcessLimits, ProcessResult, run_process
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import ThroughProber
from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.planner.plan import PlannedFile, PlannedOutput
from mediapipeline.steps.hls import named_in_master, read_playlist

__all__ = ["Checked", "Thoroughness", "Verifier"]

Thoroughness = Literal["standard", "full"]

_SPEAKER = re.compile(r"\[(?P<name>[^\[\]\n]{1,200}?) @ (?:0x)?[0-9a-fA-F]+\] ")
_ERROR = re.compile(r"\[(?:error|fatal|panic)\] ?")
_EMPTY = re.compile(
    r"^(?:\[in#0[^\[\]\n]{0,200} @ (?:0x)?[0-9a-fA-F]+\] )?\[verbose\] +Input stream #0:(\d+) \(\w+\): 0 packets read ",
    re.MULTILINE,
)
_UNREADABLE = {True: "cannot be decoded without errors", False: "cannot be read to its end"}
_DECODED = "every frame was decoded without an error"
_SEVERAL = 2
_MOST = 5  # lines of FFmpeg's that are told
_FEW = 500
"""Packets that one ffprobe writes out, and Python reads, in no more time than ffprobe and FFmpeg side by side."""

_SMALL = 64 * 1024 * 1024  # bytes
_SAMPLES = 1024  # of a packet of sound, about
_LAG = Fraction(1, 2)
_LAG_FRAMES = 4  # 7.0 reports times of decoding, which lie before those of showing


@attrs.frozen(kw_only=True)
class Checked:
    """An output that is what was planned.

    Attributes:
        media: What it is.
        size: Bytes.
        checks: What was looked at, a sentence each.
        files: The same of each file, if it is a folder.
    """

    media: MediaInfo
    size: int
    checks: tuple[str, ...]
    files: tuple[Checked, ...] = ()


@attrs.frozen
class _Complaint:
    speakers: tuple[str, ...]
    text: str

    def is_of(self, container: str | None) -> bool:
        """Whether it is FFmpeg itself that complains, or who reads the container, and not a decoder.

        To know what it copies FFmpeg decodes the beginning, and decoders complain of a stream that begins amid a group
        of pictures, as one may that was copied from there.
        """
        return not self.speakers or any(s == container or s.startswith("in#") for s in self.speakers)


@attrs.frozen
class _Reading:
    reached: Fraction | None
    """Time of the last packet, seconds from the first frame on; None where there is no saying."""
    frames: int | None
    """Of the first picture stream."""
    complaints: tuple[_Complaint, ...]
    empty: tuple[int, ...]
    """Indexes of streams that the header tells of, and of which there is no packet."""


class Verifier:
    """Verifies outputs.

    Args:
        tools: What to look with.
        home: A folder for child processes.
        thoroughness: ``full`` decodes everything.
    """

    def __init__(self, tools: Tools, home: Path, thoroughness: Thoroughness) -> None:
        self._tools = tools
        self._home = home
        self._full = thoroughness == "full"

    async def verify(self, output: PlannedOutput, file: Path, *, threads: int | None) -> Checked:
        """Look at *file*, which is to become *output*.

        Raises:
            OutputError: It is missing, empty, truncated or not what was planned.
        """
        if output.files:
            return await self._verify_folder(output, file, threads)
        size = self._size(output, file)
        full = self._full or output.media.still  # to read a picture's packet shows nothing
        unreadable = _UNREADABLE[full]
        (media, read), _ = await together(
            self._look(output, file, threads, size, full=full), in_thread(partial(sync_file, file))
        )
        complaints = [each.text for each in read.complaints if full or each.is_of(media.format)]
        if complaints:
            raise _wrong(output, unreadable, list(dict.fromkeys(complaints))[:_MOST])
        lasting = [stream for stream in media.streams if stream.kind in ("video", "audio")]
        alone = len(lasting) == 1 and bool(media.audio)
        reached = None if read.reached is None else read.reached + late(output.expectation, media)
        found = differences(output.expectation, media, reached=reached if alone else None)
        found += _breaks_off(output, media, reached)
        wanted = next((stream.frames for stream in output.expectation.streams if stream.kind == "video"), None)
        if wanted is not None and read.frames is not None and read.frames != wanted:
            found.append(f"planned {wanted} frames, found {read.frames}")
        found += hollow(output.expectation, media, read.empty)
        if found:
            raise _wrong(output, "is not what was planned", found)
        said = _DECODED if full else "every packet was read without an error"
        return Checked(media=media, size=size, checks=(*checks(output.expectation, media), said))

    async def _verify_folder(self, output: PlannedOutput, folder: Path, threads: int | None) -> Checked:
        names = {each.name for each in output.files}
        files = await self._verify_stills(output, folder, threads)
        if files is None:
            looks = (partial(self._verify_part, output, each, folder, threads) for each in output.files)
            # Playlists are few and long, and looked at together; of others there may be a thousand.
            many = output.index is None
            parts = [await look() for look in looks] if many else await together(*(look() for look in looks))
            files = [checked for checked, _ in parts]
            names.update(*(segments for _, segments in parts))
        if output.index is not None:
            names.add(output.index)
            self._check_index(output, folder)
        strange = sorted(await in_thread(lambda: {path.name for path in folder.iterdir()} - names))
        if strange:
            raise _wrong(output, "is not what was planned", [f"the folder holds {strange[0]!r} as well"])
        return Checked(
            media=MediaInfo(files=tuple(each.media for each in files)),
            size=sum(each.size for each in files),
            checks=(f"{len(files)} files, each of them verified", *dict.fromkeys(c for f in files for c in f.checks)),
            files=tuple(files),
        )

    async def _verify_part(
        self, output: PlannedOutput, part: PlannedFile, folder: Path, threads: int | None
    ) -> tuple[Checked, tuple[str, ...]]:
        """One file of a folder, and the names of the segments that it is made of."""
        alone = attrs.evolve(output, media=part.media, streams=part.streams, expectation=part.expectation, files=())
        file = folder / part.name
        segments: tuple[str, ...] = ()
        try:
            if part.segment is not None:
                alone, file, segments = await in_thread(partial(self._joined, alone, file))
            checked = await self.verify(alone, file, threads=threads)
        except OutputError as error:
            said = OutputError(f"{part.name}: {error}", output=output.id, step=output.step)
            said.differences = error.differences
            raise said from error
        if file.parent != folder:
            file.unlink()
        return checked, segments

    async def _verify_stills(self, output: PlannedOutput, folder: Path, threads: int | None) -> list[Checked] | None:
        """Still pictures, all at once; None where something is wrong with one of them, or they are something else."""
        if len(output.files) < _SEVERAL or not all(part.media.still for part in output.files):
            return None
        found: list[Checked] = []
        for start in range(0, len(output.files), AT_ONCE):
            parts = output.files[start : start + AT_ONCE]
            files = [folder / part.name for part in parts]
            if not all(file.is_file() for file in files):
                return None
            whole = self._home / f"joined-{folder.name}"
            name = await in_thread(partial(joined, files, whole))
            if name is None:
                return None
            try:
                first, said, _ = await together(
                    in_thread(partial(self._tools.prober.probe, files[0])),
                    self._run(sequence_argv(self._tools.engine.ffmpeg, whole, name, threads)),
                    in_thread(partial(_sync, files)),
                )
            except ProbeError:
                return None
            whole.unlink()
            media = None if said.exit_code or said.ended != "exit" else seen(files, first, said.stderr)
            if media is None or any(map(differences, (part.expectation for part in parts), media)):
                return None
            found += [
                Checked(media=each, size=each.size or 0, checks=(*checks(part.expectation, each), _DECODED))
                for part, each in zip(parts, media, strict=True)
            ]
        return found

    def _joined(self, output: PlannedOutput, playlist: Path) -> tuple[PlannedOutput, Path, tuple[str, ...]]:
        """The segments of a playlist as one file, what is to be checked of that, and their names."""
        self._size(output, playlist)
        try:
            found = read_playlist(playlist.read_text(encoding="utf-8"))
        except ValueError as error:
            raise _wrong(output, "is not what was planned", [str(error)]) from error
        # Several outputs, verified at the same time, may have playlists of one name.
        whole = self._home / f"joined-{playlist.parent.name}-{playlist.stem}"
        with whole.open("wb") as joined:
            for name in found.names:
                self._size(output, playlist.with_name(name))
                sync_file(playlist.with_name(name))
                with playlist.with_name(name).open("rb") as segment:
                    shutil.copyfileobj(segment, joined)
        planned = output.expectation
        begins = min((stream.start or Fraction(0) for stream in output.media.streams), default=Fraction(0))
        lengths = {found.duration, begins + found.duration}  # what begins late has its first segment then
        if planned.duration is not None and not any(length in planned.duration for length in lengths):
            raise _wrong(output, "is not what was planned", [f"its segments last {float(found.duration):.3f} s"])
        # How long it lasts has been compared: the joined file has no header that tells.
        streams = tuple(attrs.evolve(stream, begins_by=None, end=None) for stream in planned.streams)
        return (
            attrs.evolve(output, expectation=attrs.evolve(planned, streams=streams, duration=None)), whole, found.names
        )  # fmt: skip

    def _check_index(self, output: PlannedOutput, folder: Path) -> None:
        index = folder / (output.index or "")
        self._size(output, index)
        try:
            named = named_in_master(index.read_text(encoding="utf-8"))
        except ValueError as error:
            raise _wrong(output, "is not what was planned", [str(error)]) from error
        if named != {each.name for each in output.files}:
            raise _wrong(output, "is not what was planned", [f"{output.index} names {', '.join(sorted(named))}"])

    def _size(self, output: PlannedOutput, file: Path) -> int:
        try:
            size = file.stat().st_size
        except FileNotFoundError:
            raise _wrong(output, "was not written, though FFmpeg reported success") from None
        if size == 0:
            raise _wrong(output, "is empty, though FFmpeg reported success")
        return size

    async def _look(
        self, output: PlannedOutput, file: Path, threads: int | None, size: int, *, full: bool
    ) -> tuple[MediaInfo, _Reading]:
        """The facts of the file, and what reading it to its end shows: by one process if it is short, else by two."""
        prober = self._tools.prober
        if not full and size <= _SMALL and _packets(output) <= _FEW and isinstance(prober, ThroughProber):
            try:
                found = await in_thread(partial(prober.probe_through, file))
            except ProbeError as error:
                raise _wrong(output, "cannot be read back", [error.reason]) from error
            if found is not None:
                return found.media, _Reading(found.end, found.frames, _complaints(found.log), found.empty)
        media, read = await together(self._probe(output, file), self._read(output, file, threads, decode=full))
        return media, read

    async def _probe(self, output: PlannedOutput, file: Path) -> MediaInfo:
        try:
            return await in_thread(lambda: self._tools.prober.probe(file))
        except ProbeError as error:
            raise _wrong(output, "cannot be read back", [error.reason]) from error

    async def _read(self, output: PlannedOutput, file: Path, threads: int | None, *, decode: bool) -> _Reading:
        """Read the file to its end."""
        timed = any(stream.kind != "subtitle" for stream in output.expectation.streams)
        result = await self._run(self._argv(file, threads, decode=decode, timed=timed))
        if result.ended == "stalled":
            raise StalledError(f"reading output {output.id!r} back came to a standstill; it was ended")
        found = _complaints(result.stderr)
        if result.exit_code != 0:
            lines = list(dict.fromkeys(complaint.text for complaint in found))[:_MOST]
            why = diagnose(result.stderr, result.exit_code).cause or f"FFmpeg ended with exit code {result.exit_code}"
            raise _wrong(output, _UNREADABLE[decode], lines or [why])
        reached = None if result.last_progress is None else result.last_progress.out_time
        frames = None if result.last_progress is None else result.last_progress.frame
        return _Reading(reached, frames, found, tuple(int(index) for index in _EMPTY.findall(result.stderr)))

    async def _run(self, argv: list[str]) -> ProcessResult:
        return await run_process(
            argv,
            env=environment(self._home),
            cwd=self._home,
            limits=ProcessLimits(startup=self._tools.startup_timeout, stall=self._tools.stall_timeout),
        )

    def _argv(self, file: Path, threads: int | None, *, decode: bool, timed: bool) -> list[str]:
        # Some versions say that they came as far as the stream that ends first; subtitles may end at any time.
        texts = ["-map", "-0:s?"] if timed else []
        take = ["-map", "0", *texts, "-c", "copy", "-copy_unknown"]
        if decode:
            take = ["-map", "0:v?", "-map", "0:a?", "-map", "0:s?", *texts, "-c:s", "copy", "-fps_mode", "passthrough"]
            # In frames, two that Matroska has rounded to milliseconds may come at one time: a complaint about nothing.
            take += ["-enc_time_base:v", "1/90000"]
        limit = [] if threads is None else ["-threads", str(threads)]
        return [
            str(self._tools.engine.ffmpeg), "-hide_banner", "-nostdin", "-loglevel", "level+verbose", "-nostats",
            "-progress", "pipe:1", "-protocol_whitelist", "file", "-format_whitelist", FORMAT_WHITELIST,
            *(limit if decode else []), *_format(file), "-i", f"file:{file}", *take, "-f", "null", "-",
        ]  # fmt: skip


def _sync(files: list[Path]) -> None:
    for file in files:
        sync_file(file)


def _format(file: Path) -> list[str]:
    with file.open("rb") as content:
        name = forced_format(file.name, content.read(16))
    return [] if name is None else ["-f", name]


def _packets(output: PlannedOutput) -> float:
    """How many packets of pictures and sound there will be, about; infinitely many where nobody knows."""
    found = 0.0
    for stream in output.media.streams:
        lasts = stream.duration if stream.duration is not None else output.media.duration
        if isinstance(stream, VideoStream):
            rate = stream.frame_rate
        elif isinstance(stream, AudioStream):
            rate = Fraction(stream.sample_rate or 0, _SAMPLES)
        else:
            continue
        found += float(lasts * rate) if lasts is not None and rate else math.inf
    return found


def _complaints(log: str) -> tuple[_Complaint, ...]:
    return tuple(complaint for line in log.splitlines() if (complaint := _complaint(line)) is not None)


def _complaint(line: str) -> _Complaint | None:
    """What *line* complains of."""
    speakers = []
    while found := _SPEAKER.match(line):
        speakers.append(found["name"])
        line = line[found.end() :]
    error = _ERROR.match(line)
    return None if error is None else _Complaint(tuple(speakers), line[error.end() :].strip())


def _breaks_off(output: PlannedOutput, media: MediaInfo, reached: Fraction | None) -> list[str]:
    """Whether the packets end long before they should: headers go on telling what was planned."""
    # How far FFmpeg says it came is the end of the longest stream in some versions, and of the shortest in others.
    planned = output.expectation
    ends = [stream.end for stream in planned.streams if stream.end is not None]
    if not ends and planned.duration is not None:
        ends = [planned.duration]
    lows = [end.low for end in ends if end.low is not None]
    if not lows or reached is None or media.still:
        return []
    pictures = [stream for stream in (media.video, *media.other_video) if stream is not None]
    open_ended = {stream.kind for stream in planned.streams if stream.end is not None and stream.end.low is None}
    told = {"video": pictures, "audio": media.audio}
    # Those may end long before the others, and nobody knows but the file.
    lows += [stream.end for kind in open_ended for stream in told.get(kind, ()) if stream.end is not None]
    lag = max([_LAG, *((_LAG_FRAMES + (s.reorder or 0)) / s.frame_rate for s in pictures if s.frame_rate)])
    if reached >= min(lows) - lag:
        return []
    return [f"its packets end at {float(reached):.3f} s, planned are {float(min(lows)):.3f} s at the least"]


def _wrong(output: PlannedOutput, what: str, found: list[str] | None = None) -> OutputError:
    return OutputError(f"output {output.id!r} {what}", output=output.id, differences=found or (), step=output.step)
