"""Run both suites and print their tables: ``make bench``."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.planning import chains
from benchmarks.throughput import compare, overhead
from mediapipeline.ffmpeg.engine import default_engine


def main() -> None:
    """Print every table as it is measured."""
    version = default_engine().capabilities.version_text
    print(f"Python {platform.python_version()}, FFmpeg {version}, {os.cpu_count()} cores\n")
    print("| planning | time | per operation |\n|---|---:|---:|")
    for row in chains.measure():
        each = "" if row.per_operation is None else f"{row.per_operation * 1e6:.0f} µs"
        print(f"| {row.name} | {row.seconds * 1e3:.1f} ms | {each} |", flush=True)
    print(
        "\n| job | bare FFmpeg | Executor.run | adds | CPU, bare | CPU, ours | memory of host |\n"
        "|---|---:|---:|---:|---:|---:|---:|"
    )
    for row in overhead.measure():
        print(
            f"| {row.name} | {row.bare_wall * 1e3:.0f} ms | {row.ours_wall * 1e3:.0f} ms | {row.overhead * 1e3:.0f} ms"
            f" | {row.bare_cpu:.2f} s | {row.ours_cpu:.2f} s | {row.memory / 2**20:.0f} MiB |",
            flush=True,
        )
    print("\n| job | ours | expert | crowd | ours ÷ expert (95 %) | CPU | ours ÷ crowd | agrees |")
    print("|---|---:|---:|---:|---:|---:|---:|---|")
    for found in compare.measure():
        medians = {form: statistics.median(times) for form, times in found.wall.items()}
        expert, cpu, crowd = found.ratio("expert"), found.ratio("expert", cpu=True), found.ratio("crowd")
        cells = [found.job.name, *(f"{medians[form]:.2f} s" for form in compare.FORMS)]
        cells += [f"{expert.median:.2f} ({expert.low:.2f} to {expert.high:.2f})", f"{cpu.median:.2f}"]
        cells += [f"{crowd.median:.2f}", found.same]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
