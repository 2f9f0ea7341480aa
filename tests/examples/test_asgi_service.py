"""The example service, called as a server would call it."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from asgi_service import Service
from mediapipeline.errors import StalledError
from mediapipeline.executor.events import event_from_dict
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.testing import DryRunExecutor, make_clip

SCOPE = {"type": "http", "method": "POST", "path": "/jobs"}


def document(name: str = "out.mkv", source: str = "in.mp4", **params: Any) -> dict[str, Any]:
    return {
        "inputs": [{"id": "in", "source": source}],
        "operations": [
            {"op": "trim", "input": "in", "output": "part", "params": {"start": "0.2s", "duration": "0.4s", **params}},
            {"op": "scale", "input": "part", "output": "small", "params": {"width": 32}},
        ],
        "outputs": [{"id": "small", "destination": name}],
    }


class Client:
    """One request. `gone` is set when the client goes away."""

    def __init__(self, body: object, *, chunks: int = 1) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        size = len(data) // chunks + 1
        self._chunks = [data[at : at + size] for at in range(0, max(len(data), 1), size)]
        self.gone = asyncio.Event()
        self.status = 0
        self.body = b""
        self.over = False

    async def receive(self) -> dict[str, Any]:
        if self._chunks:
            body = self._chunks.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self._chunks)}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message["body"]
            self.over = not message.get("more_body", False)

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines()]


async def post(service: Service, body: object, **options: Any) -> Client:
    client = Client(body, **options)
    await service(SCOPE, client.receive, client.send)
    return client


@pytest.fixture
def media(tmp_path: Path) -> Path:
    make_clip(tmp_path / "in.mp4", audio=1, video_codec="libx264")
    return tmp_path


def test_a_job_runs_and_its_events_and_result_are_streamed(media: Path) -> None:
    client = asyncio.run(post(Service(media), document(), chunks=3))
    lines = client.lines()
    assert (client.status, client.over) == (200, True)
    events = [event_from_dict(line) for line in lines[:-1]]
    assert [events[0].kind, events[-1].kind] == ["run-started", "run-finished"]
    assert lines[-1]["kind"] == "result"
    result = ExecutionResult.from_dict(lines[-1]["result"])
    video = result.outputs["small"].media.video
    assert video is not None
    assert (video.width, (media / "out.mkv").stat().st_size) == (32, result.outputs["small"].size)


@pytest.mark.parametrize(
    ("broken", "codes"),
    [
        (document(start="soon"), {"/operations/0/params/start": "bad-timecode"}),
        (document(source="../secret.mp4"), {"/inputs/0/source": "outside-roots"}),
        (document(source="gone.mp4", name="out"), {
            "/inputs/0/source": "missing-input", "/outputs/0/destination": "unknown-container",
        }),
        (document(start="5s"), {"/operations/0/params/start": "start-beyond-end"}),
        (b"{", {"": "bad-json"}),
        (b"\xff", {"": "bad-json"}),
    ],
    ids=["a parameter", "a path", "several", "the media", "no JSON", "no text"],
)  # fmt: skip
def test_what_is_wrong_with_a_job_is_told(media: Path, broken: object, codes: dict[str, str]) -> None:
    client = asyncio.run(post(Service(media), broken))
    (answer,) = client.lines()
    assert client.status == 422
    assert {problem["path"]: problem["code"] for problem in answer["problems"]} == codes
    assert sorted(entry.name for entry in media.iterdir()) == ["in.mp4"]


def test_a_job_that_needs_too_much_memory_is_refused(media: Path) -> None:
    client = asyncio.run(post(Service(media, memory=1000), document()))
    (answer,) = client.lines()
    assert (client.status, answer["allowed"]) == (413, 1000)
    assert answer["memory"] > 1000
    too_long = asyncio.run(post(Service(media), b" " * 2_000_000, chunks=10))
    assert too_long.status == 413


def test_a_run_that_fails_says_so_in_its_last_line(media: Path) -> None:
    service, executor = Service(media), DryRunExecutor(base_dir=media)
    executor.stall()
    service.executor = executor
    client = asyncio.run(post(service, document()))
    assert [line["kind"] for line in client.lines()[-2:]] == ["run-failed", "error"]
    assert isinstance(StalledError.from_dict(client.lines()[-1]["error"]), StalledError)


async def begun(service: Service) -> tuple[Client, asyncio.Task[None]]:
    """A client whose job is running."""
    client = Client(document())
    request = asyncio.create_task(service(SCOPE, client.receive, client.send))
    while b"step-progress" not in client.body:  # noqa: ASYNC110 - what is waited for happens in the service
        await asyncio.sleep(0.01)
    return client, request


def test_a_client_that_goes_away_cancels_its_run(media: Path) -> None:
    service, executor = Service(media), DryRunExecutor(base_dir=media)
    executor.hang()
    service.executor = executor

    async def main() -> None:
        client, request = await begun(service)
        client.gone.set()
        await request
        assert not client.over
        assert [run.outcome for run in executor.runs] == ["run-cancelled"]

        client = Client(document())
        client._chunks[0] = b""
        client.gone.set()
        await service(SCOPE, client.receive, client.send)
        assert client.status == 422

    asyncio.run(main())


def test_the_end_of_the_service_waits_until_nothing_is_left(media: Path) -> None:
    service, executor = Service(media), DryRunExecutor(base_dir=media)
    executor.hang()
    service.executor = executor

    async def main() -> None:
        _, request = await begun(service)
        request.cancel()  # as servers do, and then they stop

        async def receive() -> dict[str, str]:
            return {"type": "lifespan.shutdown"}

        async def send(message: Any) -> None:
            assert message == {"type": "lifespan.shutdown.complete"}
            assert [run.outcome for run in executor.runs] == ["run-cancelled"]
            assert request.done()

        await service({"type": "lifespan"}, receive, send)

    asyncio.run(main())


def test_a_hundred_clients_hold_no_thread_each(media: Path) -> None:
    service, executor = Service(media, cpus=2), DryRunExecutor(base_dir=media)
    executor.hang()
    service.executor = executor

    async def main() -> None:
        before = threading.active_count()
        clients = [Client(document(f"{n}.mkv")) for n in range(100)]
        requests = [asyncio.create_task(service(SCOPE, client.receive, client.send)) for client in clients]
        while not all(b"step-started" in client.body for client in clients):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
        assert threading.active_count() - before < 50
        for client in clients:
            client.gone.set()
        await asyncio.gather(*requests)
        assert {run.outcome for run in executor.runs} == {"run-cancelled"}

    asyncio.run(main())


def test_other_requests(media: Path) -> None:
    async def main() -> None:
        client = Client(b"")
        await Service(media)({"type": "http", "method": "GET", "path": "/"}, client.receive, client.send)
        assert client.status == 404
        said: list[str] = []
        asked = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, str]:
            return {"type": next(asked)}

        async def send(message: Any) -> None:
            said.append(message["type"])

        await Service(media)({"type": "lifespan"}, receive, send)
        assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    asyncio.run(main())
