"""`main`: reads the command line, runs a command, and turns whatever came of it into an exit code.

Commands are modules with `DESCRIPTION`, `add_arguments` and `execute`, named like the command. Only the one that is
asked for is imported, and imports the library only when it is executed: ``--version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import argparse
import functools
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol, cast

from mediapipeline.cli.terminal import Terminal

__all__ = ["main"]

_FORMATTER = functools.partial(argparse.RawDescriptionHelpFormatter, max_help_position=28)

_EPILOG = """\
exit codes:
  0    done
  1    the job failed while it ran, or there is no usable FFmpeg
  2    the job is not valid, or the command line is not
  130  cancelled by Ctrl-C
  143  cancelled by SIGTERM"""


class _Command(Protocol):
    DESCRIPTION: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def execute(self, args: argparse.Namespace, terminal: Terminal) -> int: ...


_COMMANDS = {
    "run": "plan a job, execute it and verify what it made",
    "validate": "say everything that is wrong with a job",
    "plan": "show what a job would run, and why",
    "probe": "show the facts of media files",
    "operators": "list the installed operators, show one, or look for what is wrong with them",
    "new-operator": "write a package with an operator of your own",
    "schema": "print the JSON Schema of job documents",
    "doctor": "say which FFmpeg is used, what it lacks, and whether a job can run",
}
"""What each command is for."""


def main(argv: Sequence[str] | None = None) -> int:
    """The command line.

    Args:
        argv: The arguments after the name of the program; default, those of the process.

    Returns:
        The exit code; see ``mediapipeline --help``.
    """
    terminal = Terminal.standard()
    try:
        args = _parser().parse_args(argv)
    except SystemExit as done:  # --help, --version, or a mistake that argparse has reported
        return done.code if isinstance(done.code, int) else 0
    command: _Command = args.command
    with _cancellable() as cancelled:
        try:
            return _execute(command, args, terminal)
        except KeyboardInterrupt:
            signum = cancelled[-1] if cancelled else signal.SIGINT
            terminal.note("cancelled")
            return 128 + signum


def _execute(command: _Command, args: argparse.Namespace, terminal: Terminal) -> int:
    from mediapipeline.cli.exits import UsageError, report
    from mediapipeline.errors import MediaPipelineError

    try:
        return command.execute(args, terminal)
    except (MediaPipelineError, UsageError, OSError) as error:
        return report(error, terminal, job=getattr(args, "job", None))


@contextmanager
def _cancellable() -> Iterator[list[int]]:
    """SIGTERM and SIGHUP do what Ctrl-C does; the list says which of them came."""
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    def cancel(signum: int, frame: Any) -> None:
        came.append(signum)
        interrupt = signal.getsignal(signal.SIGINT)
        if callable(interrupt):  # a run has a handler of its own while it goes on
            interrupt(signal.SIGINT, frame)
        else:  # Ctrl-C is switched off, as it is for jobs in the background of a shell
            raise KeyboardInterrupt

    names = ("SIGTERM", "SIGHUP")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # Who ignores a signal (nohup does) means it.
    replaced = {s: signal.signal(s, cancel) for s in signals if signal.getsignal(s) == signal.SIG_DFL}
    try:
        yield came
    finally:
        for signum, previous in replaced.items():
            signal.signal(signum, previous)


class _Parser(argparse.ArgumentParser):
    """Prints as everything else here does: on any encoding, and to readers that may be gone."""

    def _print_message(self, message: str, file: Any = None) -> None:
        terminal = Terminal.standard()
        if message:
            (terminal.say if file is terminal.out else terminal.note)(message.rstrip("\n"))


class _CommandParser(_Parser):
    """Learns what its command is when that is asked for."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        command = cast("_Command", import_module(f"mediapipeline.cli.{self.prog.split()[-1].replace('-', '_')}"))
        self.description = command.DESCRIPTION
        command.add_arguments(self)
        self.set_defaults(command=command)
        return super().parse_known_args(args, namespace)

    def add_subparsers(self, **options: Any) -> Any:
        return super().add_subparsers(parser_class=_Parser, **options)  # actions of a command are no commands


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        Terminal.standard().say(f"mediapipeline {version('mediapipeline')}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mediapipeline",
        description="Validates, plans and executes media jobs on FFmpeg.",
        epilog=_EPILOG,
        formatter_class=_FORMATTER,
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", required=True, parser_class=_CommandParser)
    for name, summary in _COMMANDS.items():
        commands.add_parser(name, help=summary, formatter_class=_FORMATTER, allow_abbrev=False)
    return parser
