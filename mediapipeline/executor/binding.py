"""From the command of a step to the argument list that runs here: paths, the level of the log, limits on threads.

Pure, but for a long filter graph, which the layout writes to a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import attrs

from mediapipeline.executor.log import LOG_LEVEL
from mediapipeline.ffmpeg.command import Command, InputFile, Option
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.ffmpeg.filtergraph import InputStream

__all__ = ["bind", "encodes", "limit_threads", "share_threads"]


def bind(
    command: Command,
    *,
    binary: str,
    paths: Mapping[str, str],
    features: Capabilities,
    graph_file: Callable[[str], str],
    threads: int | None,
    shares: Sequence[Fraction] = (),
    cores: int = 1,
    log_level: str = LOG_LEVEL,
) -> list[str]:
    """The argument list.

    Args:
        command: What the step says.
        binary: FFmpeg itself.
        paths: Path by token.
        features: What the build can do.
        graph_file: Writes a graph to a file and says where.
        threads: Threads for each decoder, encoder and filter graph; None leaves it to FFmpeg, which takes the machine.
        shares: How much of the encoding each output is; see `share_threads`.
        cores: Threads to be divided where `threads` sets no limit.
        log_level: By default that at which FFmpeg counts frames; see `mediapipeline.executor.log`.
    """
    command = share_threads(command, cores if threads is None else threads, shares)
    if threads is not None:
        command = limit_threads(command, threads)
    argv = command.argv(binary=binary, paths=paths, features=features, graph_file=graph_file)
    argv[argv.index("-loglevel") + 1] = log_level
    return argv


_LEAST = 2
"""Threads of an encoder that works beside others: with one, older FFmpegs wait for it while the others could work."""


def share_threads(command: Command, threads: int, shares: Sequence[Fraction]) -> Command:
    """*command* with *threads* divided among its outputs by *shares*, where they do not say how many they take.

    Left to themselves, the encoders of each output take as many as the machine has cores, and half as many more. Of few
    cores there is nothing to divide.
    """
    if threads < 2 * _LEAST or not shares:
        return command
    given = [max(_LEAST, round(threads * share)) if share else None for share in shares]
    given += [None] * (len(command.outputs) - len(given))
    outputs = (
        output if own is None else attrs.evolve(output, options=_with(output.options, own))
        for output, own in zip(command.outputs, given, strict=False)
    )
    return attrs.evolve(command, outputs=tuple(outputs))


def limit_threads(command: Command, threads: int) -> Command:
    """*command* with limits where it has none.

    Only where something is decoded or encoded: FFmpeg complains of codec options that no codec takes.
    """
    decoded = set() if command.graph is None else {pad.input for pad in command.graph.inputs}
    outputs = []
    for output in command.outputs:
        encoded = not all(output.copied)
        decoded.update(
            pad.input
            for pad, copied in zip(output.maps, output.copied, strict=True)
            if isinstance(pad, InputStream) and not copied
        )
        outputs.append(attrs.evolve(output, options=_with(output.options, threads)) if encoded else output)
    inputs: list[InputFile] = [
        attrs.evolve(source, options=_with(source.options, threads)) if at in decoded else source
        for at, source in enumerate(command.inputs)
    ]
    given = {key for key, _ in command.options}
    ours: tuple[Option, ...] = (("filter_threads", str(threads)), ("filter_complex_threads", str(threads)))
    options = (*command.options, *(option for option in ours if option[0] not in given))
    return attrs.evolve(command, inputs=tuple(inputs), outputs=tuple(outputs), options=options)


def encodes(command: Command) -> bool:
    """Whether anything is encoded, and not only copied."""
    return not all(copied for output in command.outputs for copied in output.copied)


def _with(options: tuple[Option, ...], threads: int) -> tuple[Option, ...]:
    if any(key.partition(":")[0] == "threads" for key, _ in options):
        return options
    return (*options, ("threads", str(threads)))
