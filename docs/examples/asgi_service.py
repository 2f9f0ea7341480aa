"""Media jobs over HTTP, as a bare ASGI application: what a service needs of the library, and nothing of a framework.

``POST`` a job to ``/jobs``. The answer is

* 422 with every problem as JSON, be it of the document or of the media, where the job cannot be done,
* 413 where it would take more memory than this service gives to one job,
* else 200, and a line of JSON for each event of the run, the last of which holds the result.

A client that goes away cancels its run, and so does the end of the service; nothing of it is left. Serve it with any
ASGI server, and say how long running jobs may go on when it is stopped::

    MEDIA=/srv/media uvicorn --factory asgi_service:create --timeout-graceful-shutdown 10
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from mediapipeline import Executor, JobError, MediaPipelineError, Planner, ProcessingPlan
from mediapipeline.sources import SourcePolicy

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LONGEST = 1_000_000  # bytes of a job


class ClientGone(Exception):
    """Nobody listens any more."""


class Service:
    """The application.

    Args:
        media: The folder that jobs read from, and write to.
        memory: Bytes that one job may take.
        cpus: Cores for all jobs together; None is all there are.
    """

    def __init__(self, media: Path, *, memory: int = 2 * 10**9, cpus: int | None = None) -> None:
        policy = SourcePolicy.untrusted([media], output_roots=[media])
        self.memory = memory
        self.planner = Planner(policy=policy)
        self.executor = Executor(policy=policy, cpus=cpus)
        self.requests: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, self.end)
        elif scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        elif (scope["method"], scope["path"]) != ("POST", "/jobs"):
            await respond(send, 404, {"error": "POST a job to /jobs"})
        else:
            request = asyncio.current_task()
            assert request is not None
            self.requests.add(request)
            try:
                await self.run_job(receive, send)
            except ClientGone:
                return
            finally:
                self.requests.remove(request)

    async def end(self) -> None:
        """End what still runs. A server that stops cancels it at most, and leaves without waiting for it."""
        for request in self.requests:
            request.cancel()
        if self.requests:
            await asyncio.wait(self.requests)

    async def run_job(self, receive: Receive, send: Send) -> None:
        document = await read(receive)
        if document is None:
            await respond(send, 413, {"error": f"a job has at most {LONGEST} bytes"})
            return
        try:
            plan = await self.planner.plan_async(document)
        except JobError as error:
            await respond(send, 422, {"problems": [problem.to_dict() for problem in error.problems]})
            return
        if (plan.resources.memory or 0) > self.memory:
            facts = {"memory": plan.resources.memory, "allowed": self.memory}
            await respond(send, 413, {"error": "the job would take too much memory", **facts})
            return
        await until_gone(receive, self.stream(plan, send))

    async def stream(self, plan: ProcessingPlan, send: Send) -> None:
        """Run *plan*, and send every event as it comes."""
        await start(send, 200, "application/x-ndjson")
        try:
            async with self.executor.start(plan) as run:
                async for event in run:
                    await line(send, event.to_dict())
                result = await run.result()
        except MediaPipelineError as error:  # too late for another status
            await line(send, {"kind": "error", "error": error.to_dict()}, more=False)
        else:
            await line(send, {"kind": "result", "result": result.to_dict()}, more=False)


async def until_gone(receive: Receive, work: Awaitable[None]) -> None:
    """Do *work*, and cancel it when the client goes away."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            continue

    tasks = asyncio.ensure_future(work), asyncio.ensure_future(gone())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    if isinstance(done[0], Exception):
        raise done[0]


async def read(receive: Receive) -> bytes | None:
    """The body of a request; None if it is too long."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LONGEST:
            return None
    return body


async def start(send: Send, status: int, kind: str) -> None:
    headers = [(b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def respond(send: Send, status: int, value: object) -> None:
    await start(send, status, "application/json")
    await line(send, value, more=False)


async def line(send: Send, value: object, *, more: bool = True) -> None:
    body = json.dumps(value).encode() + b"\n"
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def lifespan(receive: Receive, send: Send, end: Callable[[], Awaitable[None]]) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            await end()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


def create() -> Service:
    """For servers that take a factory."""
    return Service(Path(os.environ["MEDIA"]))
