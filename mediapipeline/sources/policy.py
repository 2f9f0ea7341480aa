"""`SourcePolicy`: which inputs a job may read and which outputs it may write.

Decides on names, so that a job is refused before anything is opened. It does no I/O but one: under `untrusted`,
symbolic links are followed to see where a path really leads. Whether a file exists is found out by who reads or writes
it, and the addresses behind a URL are its resolver's to judge.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import unquote_to_bytes, urlsplit

import attrs

from mediapipeline.errors import Problems
from mediapipeline.media.fields import closest
from mediapipeline.media.malformed import shown
from mediapipeline.sources.resolver import Publisher, Resolver

__all__ = ["SourcePolicy"]

# One letter before the colon is a drive of Windows; "a:b" without slashes may be a file of that name.
_SCHEME = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]+):(?=//)|(file|data|concat|pipe|fd|subfile|crypto|async|cache|tee):", re.ASCII
)
_REMOTE = {"http", "https", "s3", "gs", "gcs", "az", "abfs", "ftp", "sftp", "azure", "hdfs"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 4096


@attrs.frozen
class _Side:
    """What differs between reading and writing."""

    roots: tuple[Path, ...] | None
    schemes: tuple[str, ...]
    seam: str
    verb: str


def _folder(value: str | os.PathLike[str] | None) -> Path | None:
    return None if value is None else Path(value)


def _folders(values: Iterable[str | os.PathLike[str]] | None) -> tuple[Path, ...] | None:
    return None if values is None else tuple(Path(value) for value in values)


@attrs.frozen(kw_only=True)
class SourcePolicy:
    """What a job may read and write. As it is made, every local path is allowed, and nothing that is not local."""

    base_dir: Path | None = attrs.field(default=None, converter=_folder)
    """Folder that relative paths are looked up in; the current one, at the time of use, where None."""
    resolvers: tuple[Resolver, ...] = ()
    """Make other schemes readable; the first that serves a scheme is used."""
    publishers: tuple[Publisher, ...] = ()
    """Make other schemes writable."""
    roots: tuple[Path, ...] | None = attrs.field(default=None, converter=_folders)
    """The only folders that may be read from, links followed; None is any."""
    output_roots: tuple[Path, ...] | None = attrs.field(default=None, converter=_folders)
    """The only folders that may be written to, links followed; None is any."""
    trusted: bool = True
    """Whether jobs may do what only the host itself should, such as naming filters."""

    @classmethod
    def untrusted(
        cls,
        roots: Sequence[str | os.PathLike[str]],
        *,
        output_roots: Sequence[str | os.PathLike[str]],
        base_dir: str | os.PathLike[str] | None = None,
        resolvers: Iterable[Resolver] = (),
        publishers: Iterable[Publisher] = (),
    ) -> Self:
        """For jobs that strangers write: files only under *roots* and *output_roots*, symbolic links followed.

        Relative paths are looked up in *base_dir*, by default the first of the roots.
        """
        return cls(
            base_dir=base_dir,
            resolvers=tuple(resolvers),
            publishers=tuple(publishers),
            roots=roots,
            output_roots=output_roots,
            trusted=False,
        )

    def resolver_for(self, source: str) -> Resolver | None:
        """Who fetches *source*; None where it is local, or nobody does."""
        scheme = scheme_of(source)
        return next((r for r in self.resolvers if scheme in r.schemes), None)

    def publisher_for(self, destination: str) -> Publisher | None:
        """Who publishes to *destination*; None where it is local, or nobody does."""
        scheme = scheme_of(destination)
        return next((p for p in self.publishers if scheme in p.schemes), None)

    def input_path(self, source: str, path: str, problems: Problems) -> Path | None:
        """The local file that *source* names.

        None where it is refused, as a problem at the JSON Pointer *path* says, or is another's to fetch, as
        `resolver_for` tells.
        """
        if not _is_clean(source, path, problems, "source"):
            return None
        if self.resolver_for(source) is not None:
            return None
        schemes = tuple(scheme for resolver in self.resolvers for scheme in resolver.schemes)
        return self._local(source, path, problems, _Side(self.roots, schemes, "resolver", "read"))

    def output_path(self, destination: str, path: str, problems: Problems) -> Path | None:
        """The local file that *destination* names, or the folder if it ends in a slash; None as with `input_path`."""
        if not _is_clean(destination, path, problems, "destination"):
            return None
        if self.publisher_for(destination) is not None:
            return None
        last = destination.removesuffix("/").rsplit("/", 1)[-1]
        if last in ("", ".", "..") or destination.endswith(os.sep if os.sep != "/" else "//"):
            hint = 'name the file in it, or for several files a new folder: "stills/"'
            problems.add(path, "is-a-folder", f"{shown(destination)} names a folder, not a file", hint, kind="source")
            return None
        schemes = tuple(scheme for publisher in self.publishers for scheme in publisher.schemes)
        return self._local(destination, path, problems, _Side(self.output_roots, schemes, "publisher", "written"))

    def check(
        self, inputs: Iterable[tuple[str, str]], outputs: Iterable[tuple[str, str]], problems: Problems
    ) -> tuple[dict[str, Path], dict[str, Path]]:
        """All inputs and outputs of a job, which must not overwrite each other.

        Args:
            inputs: JSON Pointer and source of each input.
            outputs: JSON Pointer and destination of each output.
            problems: What is refused is added to it.

        Returns:
            The local files of those that are allowed, by JSON Pointer.
        """
        read: dict[str, Path] = {}
        written: dict[str, Path] = {}
        for path, source in inputs:
            file = self.input_path(source, path, problems)
            if file is not None:
                read[path] = file
        readers = {self._identity(file): path for path, file in read.items()}
        writers: dict[str, str] = {}
        for path, destination in outputs:
            file = self.output_path(destination, path, problems)
            if file is None and self.publisher_for(destination) is None:
                continue
            identity = self._identity(file) if file is not None else destination
            first = writers.setdefault(identity, path)
            if first != path:
                message = f"{shown(destination)} is written by another output as well, {first}"
                hint = "give each output a destination of its own"
                problems.add(path, "duplicate-destination", message, hint, kind="source")
            elif identity in readers:
                message = f"{shown(destination)} is an input of the same job, {readers[identity]}"
                hint = "write to another file, and put it in place of the input when the job is done"
                problems.add(path, "overwrites-input", message, hint, kind="source")
            elif file is not None:
                written[path] = file
        return read, written

    def _identity(self, file: Path) -> str:
        """The same text for the same file, as far as names tell (and links, where these are followed)."""
        real = file if self.trusted else Path(os.path.realpath(file))
        return os.path.normcase(os.path.normpath(real))

    def _local(self, name: str, path: str, problems: Problems, side: _Side) -> Path | None:
        scheme = scheme_of(name)
        if scheme is None:
            text: str | None = name
        elif scheme == "file":
            text = _path_of_url(name, path, problems)
        else:
            message = f"{scheme} is not a scheme that this host allows"
            problems.add(path, "scheme-not-allowed", message, _scheme_hint(scheme, side), kind="source")
            return None
        if text is None:
            return None
        file = Path.cwd() / (self.base_dir or (side.roots[0] if side.roots else "")) / text
        return file if side.roots is None else _within(file, side.roots, side.verb, path, problems)


def _within(file: Path, roots: tuple[Path, ...], verb: str, path: str, problems: Problems) -> Path | None:
    """Where *file* really is, if that is in one of *roots*."""
    real = Path(os.path.realpath(file))
    if any(real.is_relative_to(os.path.realpath(root)) for root in roots):
        return real
    # Neither the folders nor what is there are named: the job may be a stranger's.
    message = f"the path leads out of the folders that may be {verb}"
    problems.add(path, "outside-roots", message, kind="source")
    return None


def scheme_of(name: str) -> str | None:
    """The scheme of a URL, lower case; None for a path, drives of Windows included.

    FFmpeg's own pseudo-protocols (``concat:a|b``) count as schemes, though they have no slashes.
    """
    match = _SCHEME.match(name)
    return (match[1] or match[2]).lower() if match else None


def _scheme_hint(scheme: str, side: _Side) -> str:
    known = sorted({"file", *side.schemes})
    near = closest(scheme, known)
    if near is not None:
        return f'did you mean "{near}"?'
    others = f"a host adds others with SourcePolicy({side.seam}s=…)"
    if scheme in _REMOTE:
        instead = "fetch it into a file first" if side.seam == "resolver" else "write a file, and store it afterwards"
        return f"{instead}; {others}, and brings the {side.seam}, since no network client comes with the library"
    return f"allowed are paths and {', '.join(known)}; {others}"


def _is_clean(name: str, path: str, problems: Problems, what: str) -> bool:
    if not name.strip():
        problems.add(path, "empty", f"the {what} is empty", kind="source")
    elif _CONTROL.search(name):
        problems.add(path, "control-character", f"the {what} holds a control character: {shown(name)}", kind="source")
    elif len(name) > _LONGEST:
        message = f"the {what} has {len(name)} characters; at most {_LONGEST} are allowed"
        problems.add(path, "too-long", message, kind="source")
    else:
        return True
    return False


def _path_of_url(url: str, path: str, problems: Problems) -> str | None:
    """The path of a ``file:`` URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        problems.add(path, "bad-url", f"{shown(url)} is not a URL", kind="source")
        return None
    if parts.netloc.lower() not in ("", "localhost"):
        message = f"{shown(parts.netloc)} is another machine, whose files cannot be read"
        problems.add(path, "remote-file", message, "file:///path has three slashes", kind="source")
        return None
    if parts.query or parts.fragment:
        hint = "write ? as %3F and # as %23, or the path without file://"
        problems.add(path, "bad-url", "a file: URL has no query and no fragment", hint, kind="source")
        return None
    try:
        text = unquote_to_bytes(parts.path).decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if not text.startswith("/"):
        message = f"{shown(url)} names no file by its whole path"
        problems.add(path, "bad-url", message, "write file:///path, or the path alone", kind="source")
        return None
    if not text.strip("/") or _CONTROL.search(text):
        problems.add(path, "bad-url", f"{shown(url)} names no file", kind="source")
        return None
    return text
