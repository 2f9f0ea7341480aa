from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mediapipeline.errors import OutputError
from mediapipeline.executor.publish import Publication, Ready, sync_file


def ready(folder: Path, *names: str) -> list[Ready]:
    work = folder / "work"
    work.mkdir(exist_ok=True)
    items = []
    for name in names:
        (work / name).write_text(f"new {name}")
        sync_file(work / name)
        items.append(Ready(output=name, file=work / name, target=folder / name))
    return items


def read(folder: Path) -> dict[str, str]:
    return {entry.name: entry.read_text() for entry in folder.iterdir() if entry.is_file()}


@pytest.fixture(params=["links", "no links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Also as on a file system that has none."""
    if request.param == "no links":

        def link(*args: object, **options: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", link)
    return request.param == "links"


def test_new_files(tmp_path: Path, links: bool) -> None:
    publication = Publication(ready(tmp_path, "a", "b"), overwrite=False)
    publication.publish()
    assert read(tmp_path) == {"a": "new a", "b": "new b"}
    publication.settle()
    assert list((tmp_path / "work").iterdir()) == []
    assert (tmp_path / "a").stat().st_nlink == 1


@pytest.mark.parametrize("overwrite", [False, True])
def test_all_or_none(tmp_path: Path, links: bool, overwrite: bool) -> None:
    (tmp_path / "a").write_text("old a")
    items = ready(tmp_path, "n", "a", "z")
    (tmp_path / "z").mkdir()  # what no file can replace
    (tmp_path / "z" / "x").mkdir()
    if not overwrite:
        (tmp_path / "a").unlink()
    before = read(tmp_path)
    with pytest.raises(OutputError, match="'z'") as caught:
        Publication(items, overwrite=overwrite).publish()
    assert caught.value.output == "z"
    assert read(tmp_path) == before


def test_a_file_that_is_there_is_never_replaced(tmp_path: Path, links: bool) -> None:
    (tmp_path / "b").write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        Publication(ready(tmp_path, "a", "b"), overwrite=False).publish()
    assert read(tmp_path) == {"b": "precious"}


def test_what_was_replaced_can_be_put_back(tmp_path: Path, links: bool) -> None:
    (tmp_path / "a").write_text("old a")
    publication = Publication(ready(tmp_path, "a", "b"), overwrite=True)
    publication.publish()
    assert read(tmp_path) == {"a": "new a", "b": "new b"}
    publication.take_back()
    assert read(tmp_path) == {"a": "old a"}
    publication.take_back()
    assert read(tmp_path) == {"a": "old a"}


def test_what_somebody_else_has_put_there_stays(tmp_path: Path) -> None:
    publication = Publication(ready(tmp_path, "a"), overwrite=False)
    publication.publish()
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "theirs").replace(tmp_path / "a")
    publication.take_back()
    assert read(tmp_path) == {"a": "theirs"}
