"""The forms in which FFmpeg tells of its failures, as a table. Pure data; `diagnosis` reads by it.

Learned from failing runs of FFmpeg 5.1, 7.0 and 9.0, whose texts the tests keep.
"""

from __future__ import annotations

import re

import attrs

__all__ = ["BY_FILTER", "GENERAL", "SPECIFIC", "Form"]


@attrs.frozen
class Form:
    """How one kind of failure is told: recognises one line.

    `cause` may speak of groups of the pattern, and of ``{file}``: the input or output that could not be opened. A group
    ``filter`` is the name of a filter whose instance is looked for where the line does not have it.
    """

    code: str
    pattern: re.Pattern[str]
    cause: str
    retryable: bool = False


def _form(code: str, pattern: str, cause: str, *, retryable: bool = False) -> Form:
    return Form(code, re.compile(pattern), cause, retryable)


# In order of certainty: the first rule that finds a line decides. What a failure brings about (headers that cannot be
# written, invalid arguments) comes after everything that can be the reason for it.
SPECIFIC = (
    _form("no-space-left", r"No space left on device", "no space is left on the device", retryable=True),
    _form("no-space-left", r"Disk quota exceeded", "the disk quota is used up", retryable=True),
    _form("file-too-large", r"File too large", "an output is larger than the system allows"),
    _form(
        "protocol-not-allowed",
        r"Protocol '(?P<name>[^']*)' not on whitelist",
        "the input reaches for another one by {name}, which is not allowed",
    ),
    _form("format-not-allowed", r"Format not on whitelist", "the input is of a format that is not allowed"),
    _form(
        "format-not-allowed",
        r"Not detecting m3u8/hls with non standard extension",
        "the input is a playlist that goes by another name, which is not allowed",
    ),
    _form("codec-not-allowed", r"Codec \((?P<name>[^)]*)\) not on whitelist", "the codec {name} is not allowed"),
    _form(
        "picture-too-large",
        r"Picture size (?P<size>\d+x\d+) exceeds specified max pixel count (?P<limit>\d+)",
        "a picture of {size} is larger than the limit of {limit} pixels",
    ),
    _form("output-exists", r"File '(?P<name>.*)' already exists\. Exiting", "the output {name} exists already"),
    _form("encoder-not-found", r"Unknown encoder '(?P<name>[^']*)'", "this FFmpeg has no encoder {name}"),
    _form(
        "decoder-not-found",
        r"Unknown decoder '(?P<name>[^']*)'|Decoder \(codec (?P<codec>[^)]*)\) not found",
        "this FFmpeg cannot decode {name}{codec}",
    ),
    _form("filter-not-found", r"No such filter: '(?P<filter>[^']*)'", "this FFmpeg has no filter {filter}"),
    _form(
        "bitstream-filter-not-found",
        r"bitstream filter sequence '(?P<name>[^']*)': Bitstream filter not found",
        "this FFmpeg has no bitstream filter {name}",
    ),
    _form(
        "muxer-not-found",
        r"Requested output format '(?P<name>[^']*)' is not",
        "this FFmpeg cannot write the format {name}",
    ),
    _form(
        "muxer-not-found",
        r"Unable to (?:find a suitable|choose an) output format for '(?P<name>.*?)'(?:;|$)",
        "no format is known by the name of the output {name}",
    ),
    _form("demuxer-not-found", r"Unknown input format: '(?P<name>[^']*)'", "this FFmpeg cannot read the format {name}"),
    _form("option-not-found", r"Unrecognized option '(?P<name>.*)'", "this FFmpeg has no option {name}"),
    _form(
        "option-not-found",
        r"Error applying option '(?P<name>[^']*)' to filter '(?P<filter>[^']*)': Option not found",
        "the filter {filter} of this FFmpeg has no option {name}",
    ),
    _form("option-not-found", r"^Option '(?P<name>[^']*)' not found", "{context} of this FFmpeg has no option {name}"),
    _form(
        "option-invalid",
        r"Value (?P<value>\S+) for parameter '(?P<name>[^']*)' out of range (?P<range>\[.*\])",
        "{context} takes {name} from {range}, not {value}",
    ),
    _form(
        "option-invalid",
        r"Error setting option (?P<name>\S+) to value (?P<value>.*)\.$",
        "{context} does not take the value {value} for {name}",
    ),
    _form(
        "option-invalid",
        r"Error applying option '(?P<name>[^']*)' to filter '(?P<filter>[^']*)': (?P<why>.*)",
        "the filter {filter} does not take this value for {name}: {why}",
    ),
    _form(
        "option-invalid",
        r"Error setting preset/tune (?P<preset>.*?)/(?P<tune>.*)\.",
        "{context} refuses the preset {preset} or the tune {tune}",
    ),
    _form(
        "option-invalid",
        r"Unknown (?P<what>pixel|sample) format requested: (?P<name>.*?)\.?$",
        "there is no {what} format {name}",
    ),
    _form(
        "codec-refused",
        r"(?P<what>width|height) not divisible by (?P<by>\d+) \((?P<size>\d+x\d+)\)",
        "{context} needs a {what} divisible by {by}; the picture is {size}",
    ),
    _form(
        "codec-refused",
        r"Specified sample rate (?P<rate>\d+) is not supported",
        "{context} does not take a sample rate of {rate} Hz",
    ),
    _form(
        "codec-refused",
        r"The encoder '(?P<name>[^']*)' is experimental",
        "the encoder {name} is experimental and not enabled",
    ),
    _form(
        "codec-not-in-container",
        r"Could not find tag for codec (?P<name>\S+) in stream",
        "{context} cannot hold {name}",
    ),
    _form(
        "codec-not-in-container",
        r"incompatible with output codec id|muxer supports only|^Only .* (?:are supported|can be muxed)",
        "{context} cannot hold the codec: {line}",
    ),
    _form(
        "no-streams",
        r"Output file (?:#\d+ )?does not contain any stream",
        "nothing is left for the output: no stream fits it",
    ),
    _form("no-such-stream", r"Invalid (?:input )?file index:? (?P<number>\d+)", "there is no input number {number}"),
    _form("no-such-stream", r"Stream map '(?P<name>[^']+)' matches no", "the inputs have no stream {name}"),
    # 9.0 forgets to say which, and says it here
    _form(
        "no-such-stream", r"Failed to set value '(?P<name>[^']*)' for option 'map'", "the inputs have no stream {name}"
    ),
    _form("no-such-stream", r"Stream specifier '(?P<name>[^']*)' in filtergraph", "the input has no stream {name}"),
    _form(
        "graph-invalid",
        r"^Filter '?(?P<filter>[^' ]+)'? has (?:an |output .*)unconnected",
        "an output of the filter {filter} leads nowhere",
    ),
    _form(
        "graph-invalid",
        r"(?:Mismatched '|No option name near|Unable to parse graph description|Trailing garbage after a filter)",
        "the filter graph cannot be read: {line}",
    ),
    _form("graph-invalid", r"codec copy was selected", "a stream cannot be copied and filtered at the same time"),
    _form(
        "out-of-memory",
        r"Cannot allocate memory|Out of memory|malloc of size \d+ failed",
        "FFmpeg was refused memory",
        retryable=True,
    ),
)

BY_FILTER = _form("filter-failed", r"(?P<why>.+)", "the filter {context} failed: {why}")

GENERAL = (
    _form("file-not-found", r"(?:(?P<name>.*): )?No such file or directory", "{file}: no such file or folder"),
    _form("permission-denied", r"(?:(?P<name>.*): )?Permission denied", "{file}: permission denied"),
    _form("permission-denied", r"(?:(?P<name>.*): )?Read-only file system", "{file}: the file system is read-only"),
    _form("is-a-folder", r"(?:(?P<name>.*): )?Is a directory", "{file} is a folder"),
    _form("too-many-files", r"Too many open files", "too many files are open at once"),
    _form(
        "io-error",
        r"(?:(?P<name>.*): )?Input/output error",
        "{file}: reading or writing failed (I/O error)",
        retryable=True,
    ),
    _form("broken-pipe", r"Broken pipe", "who was to read the output has gone (broken pipe)"),
    _form("input-incomplete", r"moov atom not found", "{file} is no complete MP4: its index (moov atom) is missing"),
    _form(
        "input-invalid",
        r"(?:Error opening input|^(?P<name>(?!Error )\S.*)): Invalid data found when processing input",
        "{file} is no media that FFmpeg can read",
    ),
    _form(
        "codec-refused",
        r"Error while opening (?P<what>en|de)coder",
        "the {what}coder does not start with these settings",
    ),
    _form(
        "write-failed",
        r"(?:Could not write header.*|Error writing trailer[^:]*|av_interleaved_write_frame\(\)"
        r"|Error submitting a packet to the muxer|Error closing file[^:]*): (?P<why>.*)",
        "the output could not be written: {why}",
    ),
    _form("input-invalid", r"Invalid data found when processing input", "the input holds data that FFmpeg cannot read"),
    _form(
        "nothing-to-encode",
        r"Could not open encoder before EOF",
        "no frame came as far as an encoder: there may be none in the part that was asked for",
    ),
)
