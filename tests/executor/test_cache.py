"""What a step has written is taken for the same step only, and verified like anything else."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

from folder_cache import FolderCache
from mediapipeline import ExecutionResult, Executor, Planner, ProcessingPlan
from mediapipeline.errors import OutputError
from mediapipeline.executor.cache import CachedSteps, StepCache
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.steps.step import FFmpegStep
from mediapipeline.testing import clip_info, make_clip
from planning import plan as planned


class Counting(FolderCache):
    """Counts what is found, what is not, and what is kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.found = self.missed = self.kept = 0

    def get(self, key: str, files: Mapping[str, Path]) -> Mapping[str, Any] | None:
        facts = super().get(key, files)
        self.found += facts is not None
        self.missed += facts is None
        return facts

    def put(self, key: str, files: Mapping[str, Path], facts: Mapping[str, Any]) -> None:
        super().put(key, files, facts)
        self.kept += 1


@pytest.fixture
def media(tmp_path: Path) -> Path:
    make_clip(tmp_path / "in.mp4", audio=1, video_codec="libx264")
    make_clip(tmp_path / "other.mp4", audio=1, video_codec="libx264", duration="0.8s")
    return tmp_path


@pytest.fixture
def cache(tmp_path: Path) -> Counting:
    return Counting(tmp_path / "cache")


def document(name: str = "out.mkv", *, width: int = 32, source: str = "in.mp4", op: str = "scale") -> dict[str, Any]:
    params = {"width": width} if op == "scale" else {}
    codec = {"video": {"codec": "libx264"}} if op == "scale" else {"audio": {"codec": "aac"}, "video": "h264"}
    return {
        "inputs": [{"id": "in", "source": source}],
        "operations": [{"op": op, "input": "in", "output": "made", "params": params}],
        "outputs": [{"id": name, "input": "made", "destination": name, "codec": codec}],
    }


def run(media: Path, cache: StepCache, job: dict[str, Any]) -> ExecutionResult:
    return Executor(base_dir=media, cache=cache).run(Planner(base_dir=media).plan(job), overwrite=True)


def test_a_folder_keeps_the_protocol(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path / "cache")
    assert isinstance(cache, StepCache)
    (tmp_path / "a").write_bytes(b"1")
    assert cache.get("00", {"a": tmp_path / "b"}) is None
    assert not (tmp_path / "b").exists()
    cache.put("00", {"a": tmp_path / "a"}, {"x": [1]})
    cache.put("00", {"a": tmp_path / "a"}, {"x": [1]})
    assert cache.get("00", {"a": tmp_path / "b"}) == {"x": [1]}
    assert (tmp_path / "b").read_bytes() == b"1"
    assert cache.get("00", {"a": tmp_path / "c", "gone": tmp_path / "d"}) is None
    assert not (tmp_path / "c").exists()
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == ["00"]


def test_the_same_is_not_done_again(media: Path, cache: Counting) -> None:
    first = run(media, cache, document())
    again = run(media, cache, document())
    assert [(step.cached, bool(step.argv)) for step in (*first.steps, *again.steps)] == [(False, True), (True, False)]
    assert (cache.missed, cache.kept, cache.found) == (1, 1, 1)
    assert again.outputs["out.mkv"].media == first.outputs["out.mkv"].media
    assert again.outputs["out.mkv"].checks == first.outputs["out.mkv"].checks
    assert ExecutionResult.from_dict(again.to_dict()) == again


def test_names_do_not_matter_and_contents_do(media: Path, cache: Counting) -> None:
    run(media, cache, document())
    shutil.copy(media / "in.mp4", media / "copy.mp4")
    renamed = document("again.mkv", source="copy.mp4")
    renamed["inputs"][0]["id"] = renamed["operations"][0]["input"] = "clip"
    assert [step.cached for step in run(media, cache, renamed).steps] == [True]
    for job in (document(width=48), document(source="other.mp4"), document("out.mp4")):
        assert [step.cached for step in run(media, cache, job).steps] == [False]
    # The name is that of before, what is in it is not
    shutil.copy(media / "other.mp4", media / "in.mp4")
    result = run(media, cache, document())
    assert [step.cached for step in result.steps] == [True], "it was done for the other clip"
    assert result.outputs["out.mkv"].media.duration == pytest.approx(0.8, abs=0.1)


def test_what_was_measured_is_kept_too(media: Path, cache: Counting) -> None:
    first = run(media, cache, document(op="loudnorm"))
    again = run(media, cache, document(op="loudnorm"))
    assert len(first.steps) > 1
    assert [step.cached for step in again.steps] == [True] * len(first.steps)
    assert (again.measurements, again.taken) == (first.measurements, first.taken)


def test_silence_measures_as_infinity_from_the_cache_as_well(tmp_path: Path) -> None:
    plan = planned(document(op="loudnorm"), {"in.mp4": clip_info(duration="2s")})
    measuring = next(step for step in plan.steps if isinstance(step, FFmpegStep) and step.measures)
    cached = CachedSteps(FolderCache(tmp_path), plan, Capabilities.assume("9.0"), {})
    key = cached.key(measuring, measuring.command)
    values = {"m": {"peak": float("-inf"), "integrated": -70.125}}

    async def main() -> None:
        await cached.keep(key, measuring.command, values)
        kept = await cached.take(key, measuring.command)
        assert kept is not None
        assert kept.measured == values

    asyncio.run(main())


def test_what_is_only_copied_is_not_kept(media: Path, cache: Counting) -> None:
    job = {
        "inputs": [{"id": "in", "source": "in.mp4"}],
        "outputs": [{"id": "o", "input": "in", "destination": "o.mkv"}],
    }
    run(media, cache, job)
    assert (cache.missed, cache.kept) == (0, 0)


def test_what_the_cache_spoils_is_found_out(media: Path, cache: Counting) -> None:
    run(media, cache, document())
    (entry,) = (media / "cache").iterdir()
    file = next(file for file in entry.iterdir() if file.suffix != ".json")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    (media / "out.mkv").unlink()
    with pytest.raises(OutputError):
        run(media, cache, document())
    assert not (media / "out.mkv").exists()


def test_a_cache_that_fails_fails_no_run(media: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def get(self, key: str, files: Mapping[str, Path]) -> Mapping[str, Any] | None:
            raise ConnectionError("the cache is down")

        def put(self, key: str, files: Mapping[str, Path], facts: Mapping[str, Any]) -> None:
            raise ConnectionError("the cache is full")

    result = run(media, Broken(), document())
    assert [step.cached for step in result.steps] == [False]
    assert "the cache is down" in caplog.text
    assert "the cache is full" in caplog.text


def keys(plan: ProcessingPlan, build: str = "9.0") -> list[str | None]:
    cached = CachedSteps(FolderCache(Path("unused-cache")), plan, Capabilities.assume(build), {})
    return [cached.key(step, step.command) for step in plan.steps if isinstance(step, FFmpegStep)]


def test_keys_tell_apart_what_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clips = {"in.mp4": clip_info(duration="2s"), "other.mp4": clip_info(duration="3s")}
    plan = planned(document(), clips)
    assert keys(plan) == keys(planned(document("other-name.mkv"), clips))
    others = [
        keys(plan, "5.1"), keys(planned(document(width=64), clips)), keys(planned(document(source="other.mp4"), clips)),
        keys(planned(document("out.mp4"), clips)), keys(planned(document(op="loudnorm"), clips)),
    ]  # fmt: skip
    found = [key for each in (keys(plan), *others) for key in each]
    assert None not in found
    assert len(set(found)) == len(found)


def test_a_list_of_files_has_a_key_of_what_is_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_clip(tmp_path / "in.mp4", duration="5s", rate=25, audio=1, video_codec="libx264", gop=25)
    make_clip(tmp_path / "copy.mp4", duration="5s", rate=25, audio=1, video_codec="libx264", gop=25)

    def cut(name: str, start: str = "0.6s") -> ProcessingPlan:
        job = {
            "inputs": [{"id": name, "source": "in.mp4"}],
            "operations": [{"op": "trim", "input": name, "output": "out", "params": {"start": start}}],
            "outputs": [{"id": "out", "destination": "out.mp4"}],
        }
        return Planner(strategies={"smart_cut": "required"}).plan(job)

    first, again, other = keys(cut("a")), keys(cut("b")), keys(cut("a", "0.8s"))
    assert first == again
    assert None not in first
    assert not set(first) & set(other)
    blind = cut("a")
    media = attrs.evolve(blind.inputs[0].media, fingerprint=None)
    assert keys(attrs.evolve(blind, inputs=(attrs.evolve(blind.inputs[0], media=media),))) == [None, None]


def test_without_a_fingerprint_there_is_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned(document(), {"in.mp4": clip_info(duration="2s")})
    blind = attrs.evolve(plan.inputs[0], media=attrs.evolve(plan.inputs[0].media, fingerprint=None))
    assert keys(attrs.evolve(plan, inputs=(blind,))) == [None]


def test_files_of_a_folder_are_not_kept(media: Path, cache: Counting) -> None:
    job = {
        "inputs": [{"id": "in", "source": "in.mp4"}],
        "operations": [
            {"op": "thumbnail", "input": "in", "output": "stills", "params": {"count": 2, "width": 32}},
        ],
        "outputs": [{"id": "stills", "destination": "stills/", "format": "png"}],
    }
    run(media, cache, job)
    assert cache.kept == 0
    assert len(list((media / "stills").iterdir())) == 2
