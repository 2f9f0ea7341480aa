"""Jobs over the clips of a trial, as a user would write them: whatever fails can be handed on as a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import Definition, Kind

__all__ = ["Job", "Params", "holds_anything"]

Params = Mapping[str, Any]


class Job:
    """A job in the making.

    Args:
        definition: The operator that it is about.
        source: Gives the path of the clip of a name.
    """

    def __init__(self, definition: Definition, source: Callable[[str], str]) -> None:
        self._definition = definition
        self._source = source
        self.inputs: dict[str, str] = {}
        self.operations: list[dict[str, Any]] = []
        self.written: list[str] = []

    def clip(self, name: str) -> str:
        """The id of the clip called *name*, which becomes an input."""
        found = name.replace("-", "_")
        self.inputs[found] = self._source(name)
        return found

    def do(self, op: str, clip: str, made: str, **params: Any) -> str:
        """Add one operation with one input; returns *made*."""
        self.operations.append({"op": op, "input": clip, "output": made, "params": params})
        return made

    def mark(self) -> tuple[int, dict[str, str]]:
        """How far it is; see `back_to`."""
        return len(self.operations), dict(self.inputs)

    def back_to(self, mark: tuple[int, dict[str, str]]) -> None:
        """Leave out what was added since `mark`."""
        count, self.inputs = mark[0], dict(mark[1])
        del self.operations[count:]

    def chain(self, operations: Sequence[tuple[str, Params]], clip: str, made: str) -> str:
        """Add *operations*, ``(op, params)``, one after the other; returns the name of what the last gives."""
        for number, (op, params) in enumerate(operations):
            clip = self.do(op, clip, f"{made}{number}", **params)
        return clip

    def apply(self, case: Params, clip: str, made: str, *, through: Sequence[tuple[str, Params]] = ()) -> list[str]:
        """Add the operator under test, with *clip* at its first port; returns the names of the clips that it gives.

        Args:
            case: Parameters.
            clip: For the first port; the others get a clip of their own.
            made: How the result is called, or what the names of several begin with.
            through: Operations, ``(op, params)``, that the clips of the other ports go through first.
        """
        definition = self._definition
        ports: dict[str, list[str]] = {}
        for at, (port, wanted) in enumerate(definition.inputs.items()):
            count = max(wanted.minimum, 1)
            wanting = count if at else count - 1
            others = [self.clip(f"{port}-beside")] * wanting if wanting else []
            if wanted.kind & (Kind.VIDEO | Kind.AUDIO) and not any(self._is_still(each) for each in others):
                others = [self.chain(through, each, f"{made}_{port}{n}_") for n, each in enumerate(others)]
            ports[port] = others if at else [clip, *others]
        single = len(ports) == 1
        clips = next(iter(ports.values()))
        inputs: dict[str, Any] = (
            ({"input": clips[0]} if len(clips) == 1 else {"inputs": clips})
            if single
            else {"inputs": {port: names[0] for port, names in ports.items()}}
        )
        outs = definition.outputs
        made_by_port = {port: made if len(outs) == 1 else f"{made}_{port}" for port in outs}
        outputs = {"output": made} if len(outs) == 1 else {"outputs": made_by_port}
        self.operations.append({"op": definition.name, **inputs, **outputs, "params": dict(case)})
        return list(made_by_port.values())

    def _is_still(self, clip: str) -> bool:
        return self.inputs[clip].endswith(".png")

    def write(self, *clips: str) -> None:
        """Let *clips* be written, each to an output of its name."""
        self.written += clips

    def document(self, infos: Mapping[str, MediaInfo], folder: str) -> dict[str, Any]:
        """The job as a document, its outputs in *folder*: without loss, in a form that suits *infos*."""
        return {
            "inputs": [{"id": name, "source": source} for name, source in self.inputs.items()],
            "operations": self.operations,
            "outputs": [
                _output(name, infos.get(name), folder)
                for name in dict.fromkeys(self.written)
                if name not in infos or holds_anything(infos[name])
            ],
        }


def holds_anything(info: MediaInfo) -> bool:
    """Whether there is anything of a clip that could be written."""
    return bool(info.files or info.streams)


def _output(name: str, info: MediaInfo | None, folder: str) -> dict[str, Any]:
    path = f"{folder}/{name}"
    if info is not None and info.files:
        still = all(file.still for file in info.files)
        form = {"format": "png"} if still else {}
        alone = still and len(info.files) == 1
        return {"id": name, "destination": f"{path}.png" if alone else f"{path}/", **({} if alone else form)}
    if info is not None and info.still:
        return {"id": name, "destination": f"{path}.png"}
    # Of a track of which nothing lies in a part, nothing is written.
    heard = info is None or any(track.duration != 0 for track in info.audio)
    codec = {
        **({"video": "ffv1"} if info is None or info.video is not None else {}),
        **({"audio": "pcm_s16le"} if heard else {}),
    }
    return {"id": name, "destination": f"{path}.mkv", **({"codec": codec} if codec else {})}
