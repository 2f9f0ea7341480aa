"""Writes the parts of the reference that come from code: a page for each operator, and the job format.

``python docs/generate.py`` writes the pages; with ``--pictures`` the pictures of before and after as well, for which
the jobs really run. A test holds the pages against the code, so that a stale one is found.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from mediapipeline import Executor, Planner, job_schema
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.ffmpeg.look import look
from mediapipeline.operators import Definition, Operator
from mediapipeline.operators.registry import Registry
from mediapipeline.params import ParameterInfo, parameters
from mediapipeline.planner.machine import Machine
from mediapipeline.testing import Capabilities, FakeProber, clip_info, make_clip

REFERENCE = Path(__file__).parent / "reference"

IN, OTHER, LOGO, SOUND = "in.mp4", "other.mp4", "logo.png", "music.mp3"
CODEC = {"video": {"codec": "libx264", "crf": 20}, "audio": "aac"}

EXAMPLES: dict[str, dict[str, Any]] = {
    "concat": {"inputs": ["in", "other"], "params": {"fit": "contain"}},
    "fps": {"input": "in", "params": {"fps": 10}},
    "hflip": {"input": "in"},
    "hls": {"input": "in", "params": {"segment": "2s"}},
    "loudnorm": {"input": "in", "params": {"target_lufs": -23}},
    "mix": {"inputs": ["in", "music"], "params": {"weights": [1, 0.3]}},
    "overlay": {"inputs": {"base": "in", "overlay": "logo"}, "params": {"position": "bottom_right", "margin": 12}},
    "scale": {"input": "in", "params": {"width": 240, "height": 240, "fit": "contain"}},
    "thumbnail": {"input": "in", "params": {"count": 3}},
    "trim": {"input": "in", "params": {"start": "1s", "duration": "2s"}},
    "vflip": {"input": "in"},
    "volume": {"input": "in", "params": {"gain_db": -12}},
}
"""One use of each shipped operator: what its page shows."""

CLIPS: Mapping[str, Mapping[str, Any]] = {
    IN: {"duration": "4s", "size": (320, 180), "audio": 1},
    OTHER: {"duration": "2s", "size": (160, 120), "audio": 1},
    LOGO: {"size": (64, 48)},
    SOUND: {"duration": "4s", "size": None, "audio": 1},
}
NAMES = {"in": IN, "other": OTHER, "logo": LOGO, "music": SOUND}


def document(name: str) -> dict[str, Any]:
    """The job that the page of an operator shows."""
    use = EXAMPLES[name]
    inputs = use.get("inputs", [use.get("input")])
    clips = list(inputs.values()) if isinstance(inputs, Mapping) else inputs
    output: dict[str, Any] = {"id": "out", "destination": "out.mp4", "codec": CODEC}
    if name == "thumbnail":
        output = {"id": "out", "destination": "thumbnails/", "format": "jpg"}
    if name == "hls":
        output = {"id": "out", "destination": "stream/", "codec": CODEC}
    return {
        "inputs": [{"id": clip, "source": NAMES[clip]} for clip in clips],
        "operations": [{"op": name, **use, "output": "out"}],
        "outputs": [output],
    }


def operator_page(cls: type[Operator]) -> str:
    """The page of an operator."""
    definition = cls.definition
    lines = [f"# {definition.name}", "", definition.summary, ""]
    lines += [definition.description, ""] if definition.description else []
    lines += [_ports(definition), "", "## Parameters", "", *_parameters(parameters(cls)), ""]
    lines += ["## Example", "", "```json", json.dumps(document(definition.name), indent=2), "```", ""]
    picture = REFERENCE / "operators" / "pictures" / f"{definition.name}.png"
    if picture.exists():
        lines += [
            f"![Before, and after {definition.name}](pictures/{picture.name})",
            "",
            "Before above, after below.",
            "",
        ]
    lines += ["What it is planned as:", "", "```text", plan(definition.name).strip(), "```", ""]
    if definition.requires:
        lines += [f"FFmpeg must have {', '.join(f'`{feature}`' for feature in definition.requires)}.", ""]
    return "\n".join(lines)


def plan(name: str) -> str:
    """What the planner says of an example; planned for made-up media, so that it is the same anywhere."""
    clips = {
        IN: clip_info(duration="4s", size=(320, 180)),
        OTHER: clip_info(duration="2s", size=(160, 120)),
        LOGO: clip_info(duration=None, size=(64, 48), still=True, audio=0),
        SOUND: clip_info(duration="4s", size=None, audio_codec="mp3"),
    }
    capabilities = Capabilities.assume("8.0")
    planner = Planner(prober=FakeProber(clips), capabilities=capabilities, machine=Machine(cores=4))
    return planner.plan(document(name)).explain()


def _ports(definition: Definition) -> str:
    def many(least: int, most: int) -> str:
        return "one clip" if most == 1 else f"{least} to {most} clips"

    ports = [f"`{name}` ({many(port.minimum, port.maximum)})" for name, port in definition.inputs.items()]
    made = [f"`{name}`" for name in definition.outputs]
    return f"Category {definition.category.value}. Takes {', '.join(ports)}; gives {', '.join(made)}."


def _parameters(declared: Iterable[ParameterInfo]) -> Iterator[str]:
    rows = [_row(parameter) for parameter in declared]
    if not rows:
        yield "It has none."
        return
    yield "| name | type | default | what it is |"
    yield "|---|---|---|---|"
    yield from rows


def _row(parameter: ParameterInfo) -> str:
    default = "needed" if parameter.required else f"`{json.dumps(parameter.default)}`"
    notes = [f"{_SIGNS.get(name, name)} {bound}" for name, bound in parameter.constraints.items()]
    notes += [f"in {parameter.unit}"] if parameter.unit else []
    text = parameter.doc + (f" ({', '.join(notes)})" if notes else "")
    cells = (f"`{parameter.name}`", parameter.text, "none" if default == "`null`" else default, text)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "min_length": "at least", "max_length": "at most"}


def operators_index(registry: Registry) -> str:
    """The list of all operators."""
    lines = [
        "# Operators",
        "",
        "Generated from what each of them declares.",
        "",
        "| operator | what it does |",
        "|---|---|",
    ]
    lines += [f"| [{name}]({name}.md) | {registry.load(name).definition.summary} |" for name in registry]
    names = "\n".join(registry)
    return "\n".join([*lines, "", f"```{{toctree}}\n:hidden:\n\n{names}\n```", ""])


def job_format() -> str:
    """The page of the job format, from its schema."""
    schema = job_schema(Registry([]))
    parts = {
        "The job": schema,
        "An input": schema["$defs"]["input"],
        "An operation": schema["$defs"]["operation"],
        "An output": schema["$defs"]["output"],
        "Codec of a picture": schema["$defs"]["videoCodec"]["anyOf"][1],
        "Codec of sound": schema["$defs"]["audioCodec"]["anyOf"][1],
        "Limits": schema["$defs"]["limits"],
    }
    lines = [_FORMAT_HEAD]
    for title, part in parts.items():
        needed = part.get("required", ())
        lines += [f"## {title}", "", "| field | what it is |", "|---|---|"]
        for name, field in part["properties"].items():
            mark = " (needed)" if name in needed else ""
            lines.append(f"| `{name}`{mark} | {field.get('description', '')} |")
        lines.append("")
    return "\n".join([*lines, _FORMAT_TAIL])


_FORMAT_HEAD = """\
# The job format

A job is a JSON document, or the same as Python values ({py:class}`mediapipeline.JobSpec`,
{py:class}`mediapipeline.JobBuilder`). `mediapipeline schema` prints its JSON Schema with the parameters of every
installed operator; an editor that knows it completes and checks jobs as they are written. This page is made from that
schema.

Every field does something: one that is unknown, or that would have no effect, is a [problem](problems.md).

- **Clips** have names: the `id` of an input, the `output` of an operation. They are one namespace.
- **Durations** are `90`, `"90.5"`, `"1001/30000"`, `"1h30m"`, `"500ms"`, `"00:01:30.5"` or `"PT1M30S"`, exact;
  **times** in a clip may also be `"00:01:30:12"` or, drop-frame, `"00:01:30;12"`.
- **Sizes** are `"1280x720"`, `{"width": 1280, "height": 720}`, `"720p"` or `"4k"`; **bytes** `500000000`, `"500MB"`
  or `"2GiB"`; **bit rates** `128000`, `"128k"` or `"2.5M"`.
- A **codec** name (`h264`, `aac`) is a requirement that a copy may satisfy. An encoder name (`libx264`), or any
  setting that only an encoder can obey, means encoding. Without `codec`, what no operation touched is copied and the
  rest encoded well.
"""

_FORMAT_TAIL = """\
## In an editor

```sh
mediapipeline schema > job.schema.json
```

and `"$schema": "./job.schema.json"` as the first field of a job. The language service of VS Code, which other editors
use as well, then offers fields, operators and their parameters with descriptions, examples and defaults, a whole
operation in an empty list, and underlines what is wrong in words of this library. The schema is draft 2020-12; two
keywords beside it, `errorMessage` and `doNotSuggest`, are for such editors, and `x-unit` tells the unit of a
parameter. Validators take them for annotations; Ajv has to be told so, with `strict: false`.

What it takes a whole document to know is not in a schema: references, names used twice, whether operations suit the
media. `mediapipeline validate` says all of it.

## What is promised

`version` is 1. A document of version 1 that runs today runs with every later version of the library that reads
version 1, and its outputs have the same streams, sizes, rates and lengths; that they are coded bit for bit alike is
not promised, since encoders change. New fields and operators may be added to version 1; what is there is neither
removed nor given another meaning. That would be version 2, and the library would read both for a year at least.

The version of an *operator* goes up when the same parameters begin to give another result; plans name it.

## Documents of other systems

What is only spelled differently is a problem whose hint is the rewritten JSON, and `mediapipeline validate --fix`
prints the whole document rewritten: a job inside `spec`, parameters beside `op`, `export` operations, `combine`,
`mix` with ducking, `overlay_source`, `debug`, `webhook_url`, a codec given as one text.
"""


def pages() -> dict[Path, str]:
    """Every generated page."""
    registry = Registry.discover().allowing(EXAMPLES)
    found = {REFERENCE / "operators" / f"{name}.md": operator_page(registry.load(name)) for name in registry}
    found[REFERENCE / "operators" / "index.md"] = operators_index(registry)
    found[REFERENCE / "job-format.md"] = job_format()
    return found


def pictures() -> None:
    """Run every example, and look at what went in and what came out."""
    from PIL import Image

    engine = default_engine()
    target = REFERENCE / "operators" / "pictures"
    target.mkdir(parents=True, exist_ok=True)
    for name in EXAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            base = Path(folder)
            for clip, recipe in CLIPS.items():
                make_clip(base / clip, **recipe)
            result = Executor(base_dir=base).run(Planner(base_dir=base).plan(document(name)))
            path = result.outputs["out"].path
            media = result.outputs["out"].media
            if path.is_dir():
                path = next(iter(sorted(p for p in path.rglob("*") if p.suffix in {".jpg", ".m4s", ".mp4", ".ts"})))
                media = engine.prober.probe(path) if path.suffix == ".jpg" else media
            sound = name in {"loudnorm", "mix", "volume"}
            sides = [base / IN, path]
            if path.suffix in {".m4s", ".ts"}:
                continue  # a part of a package is no file to look at
            shown = []
            for side, facts in zip(sides, (engine.prober.probe(base / IN), media), strict=True):
                png = look(side, attrs.evolve(facts, video=None) if sound else facts, engine=engine)
                assert png is not None, side
                file = base / f"look{len(shown)}.png"
                file.write_bytes(png)
                shown.append(Image.open(file).convert("RGB"))
            width = max(image.width for image in shown)
            sheet = Image.new("RGB", (width, sum(image.height for image in shown) + 8), "white")
            at = 0
            for image in shown:
                sheet.paste(image, (0, at))
                at += image.height + 8
            sheet.quantize(64).save(target / f"{name}.png", optimize=True)


def main(argv: list[str]) -> int:
    """Write everything."""
    if "--pictures" in argv:
        pictures()
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
