"""Distributions as installers leave them: a folder of metadata beside the modules, or a wheel of both."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["GLOW", "install", "operator_source", "wheel"]


def operator_source(cls: str = "Glow", name: str = "acme.glow", **options: object) -> str:
    """A module with one sound operator, which passes its clip on."""
    given = "".join(f", {key}={value!r}" for key, value in options.items())
    return (
        "from mediapipeline.operators import Category, Clip, Lowering, Operator, operator\n"
        f"@operator({name!r}, category=Category.PICTURE{given})\n"
        f"class {cls}(Operator):\n"
        "    'Made up.'\n"
        "    def lower(self, work: Lowering) -> Clip:\n"
        "        return work.clip\n"
    )


GLOW = operator_source()


def _files(
    distribution: str, operators: Mapping[str, str] | str | bytes, modules: Mapping[str, str], metadata: str | None
) -> dict[str, bytes]:
    info = f"{distribution.replace('-', '_')}-1.0.dist-info"
    if metadata is None:
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
    if isinstance(operators, Mapping):
        operators = "".join(f"{name} = {value}\n" for name, value in operators.items())
    if isinstance(operators, str):
        operators = operators.encode()
    files = {name: text.encode() for name, text in modules.items()}
    files[f"{info}/entry_points.txt"] = b"[mediapipeline.operators]\n" + operators
    if metadata:
        files[f"{info}/METADATA"] = metadata.encode()
    return files


def install(
    folder: Path,
    distribution: str,
    operators: Mapping[str, str] | str | bytes,
    modules: Mapping[str, str] | None = None,
    *,
    metadata: str | None = None,
) -> None:
    """Put a distribution into *folder*, which is or will be on sys.path.

    Args:
        folder: Where to.
        distribution: Its name.
        operators: Entry points by name, or what stands in the section of the file.
        modules: Text by name of the file.
        metadata: What stands in METADATA; empty for no such file.
    """
    for name, content in _files(distribution, operators, modules or {}, metadata).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def wheel(folder: Path, distribution: str, operators: Mapping[str, str], modules: Mapping[str, str]) -> Path:
    """A wheel of the same, for pip."""
    files = _files(distribution, operators, modules, None)
    name = f"{distribution.replace('-', '_')}-1.0"
    files[f"{name}.dist-info/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    files[f"{name}.dist-info/RECORD"] = "".join(f"{each},,\n" for each in [*files, f"{name}.dist-info/RECORD"]).encode()
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in files.items():
            archive.writestr(each, content)
    return path
