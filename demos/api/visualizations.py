"""/v2/visualizations: arrangements of pictures computed in the background, asked for and fetched over HTTP.

    curl -F file=@pictures.zip -F layout=sorted http://127.0.0.1:7860/v2/visualizations
    curl -d '{"dataset": "captchas"}' -H 'Content-Type: application/json' http://127.0.0.1:7860/v2/visualizations

Both answer 202 with {"output": {"id": …, "status": "pending"}}; GET /v2/visualizations/ID says how far it is, and where
the picture, the page and the table are once it is done. /v2/openapi.json describes all of it.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message

import zoo
from demos.api import openapi
from demos.api.jobs import (
    FILES,
    IMAGE,
    MB,
    PAGE,
    SIDE,
    TABLE,
    Full,
    Job,
    Jobs,
    Limits,
    TooMuch,
    Wish,
    check,
    check_grid,
)
from demos.grid_view import sets
from zoo import InputError, grid
from zoo.grid import embed, pictures
from zoo.images.files import Files

PATH = "/v2/visualizations"
SIDES = "rows", "cols"
EMBEDDERS = ("", *zoo.names(), embed.COLOUR, embed.PRETRAINED)


class Refused(Exception):
    """A request that is answered with an error's status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def routes(jobs: Jobs) -> list[Route]:
    """The routes, for a Starlette or FastAPI app."""

    async def post(request: Request) -> Response:
        fields, upload = await _received(request, jobs)
        try:
            job = await run_in_threadpool(_submit, jobs, fields, upload)
        finally:
            if upload:
                upload.unlink(missing_ok=True)  # unless the job took it
        return JSONResponse({"output": _output(request, job)}, 202)

    async def get(request: Request) -> Response:
        if not (job := jobs.get(request.path_params["key"])):
            raise Refused(404, "There is no visualization of this id; post its pictures again.")
        return JSONResponse({"output": _output(request, job)})

    async def file(request: Request) -> Response:
        key, name = request.path_params["key"], request.path_params["name"]
        job = jobs.get(key)
        if not job or job.status != "done" or name not in FILES:
            raise Refused(404, "There is no such file; ask for the visualization's status first.")
        return FileResponse(jobs.folder(key) / name)

    async def described(_: Request) -> Response:
        return JSONResponse(openapi.document(PATH, EMBEDDERS, jobs.limits))

    return [
        Route("/v2/openapi.json", described),
        Route(PATH, _spoken(post), methods=["POST"]),
        Route(f"{PATH}/{{key}}", _spoken(get)),
        Route(f"{PATH}/{{key}}/{{name}}", _spoken(file)),
    ]


def _spoken(handle: Handler) -> Handler:
    """The handler, with errors answered in a sentence."""

    async def spoken(request: Request) -> Response:
        try:
            return await handle(request)
        except Refused as error:
            status, sentence = error.status, str(error)
        except Full:
            status, sentence = 429, "Too many visualizations wait already; try again in a minute."
        except InputError as error:
            status, sentence = 413 if isinstance(error, TooMuch) else 400, str(error)
        except HTTPException as error:  # a form that is none
            status, sentence = error.status_code, f"The form cannot be read: {error.detail}."
        except ClientDisconnect:
            status, sentence = 400, "The upload broke off; send it again."
        return JSONResponse({"error": sentence}, status, {"Retry-After": "30"} if status == 429 else None)

    return spoken


async def _received(request: Request, jobs: Jobs) -> tuple[Mapping[str, Any], Path | None]:
    """The fields of a request, and a zip that came with them, on the disk.

    Raises:
        Full: too many jobs wait; an upload is not even received, then.
        Refused: it is too large or none.
    """
    is_json = request.headers.get("content-type", "").startswith("application/json")
    if not is_json and await run_in_threadpool(jobs.full):
        raise Full
    most = jobs.limits.upload
    limit, arrived = min(most, MB) if is_json else most, 0
    too_large = Refused(413, f"The upload is larger than {limit // MB} MB; send fewer or smaller pictures.")
    if int(request.headers.get("content-length", 0)) > limit:
        raise too_large

    async def receive() -> Message:
        nonlocal arrived
        message = await request.receive()
        arrived += len(message.get("body", b""))
        if arrived > limit:
            raise too_large
        return message

    bounded = Request(request.scope, receive)
    if is_json:
        try:
            fields = await bounded.json()
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise Refused(400, 'The body is no JSON object; send one like {"dataset": "captchas"}.')
        for name, value in fields.items():  # a form's are all texts
            if name in SIDES and isinstance(value, str):
                raise Refused(400, f"{name} is a whole number from 1 to {SIDE}, not the text {value[:20]!r}.")
            if name not in SIDES and value is None:
                raise Refused(400, f"{name[:20]!r} is a text, not null; leave it out.")
        return fields, None
    async with bounded.form(max_files=1, max_fields=16) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        upload = form.get("file")
        if not isinstance(upload, UploadFile):
            return fields, None
        with tempfile.NamedTemporaryFile(dir=jobs.uploads, suffix=".part", delete=False) as part:
            while chunk := await upload.read(MB):
                part.write(chunk)
        return fields, Path(part.name)


def _submit(jobs: Jobs, fields: Mapping[str, Any], upload: Path | None) -> Job:
    wish = _wish(fields, upload)
    if not (known := jobs.get(wish.key)) or known.status == "error":
        if upload:
            _check(upload, wish, jobs.limits)
        elif wish.dataset in sets.BY_NAME:
            check_grid(sets.COUNT, wish)
        return jobs.submit(wish, upload)
    return known


def _wish(fields: Mapping[str, Any], upload: Path | None) -> Wish:
    """What the fields ask for.

    Raises:
        Refused: they make no sense.
    """
    known = {"dataset", "embedder", "layout", *SIDES}
    if strange := sorted(set(fields) - known):
        raise Refused(400, f"There is no option {strange[0]!r}; the options are {', '.join(sorted(known))}.")
    dataset = _text(fields, "dataset")
    if bool(upload) == bool(dataset):
        raise Refused(400, "Send either a zip of pictures as the form's file or the name of a dataset.")
    if dataset and dataset not in sets.BY_NAME and not pictures.REPO.fullmatch(dataset):
        names = ", ".join(sets.BY_NAME)
        raise Refused(400, f"There is no dataset {dataset!r}; name {names}, or user/name of one on the Hub.")
    embedder, layout = _text(fields, "embedder"), _text(fields, "layout") or grid.LAYOUTS[0]
    for name, value, values in (("embedder", embedder, EMBEDDERS), ("layout", layout, grid.LAYOUTS)):
        if value not in values:
            raise Refused(400, f"There is no {name} {value!r}; choose from {', '.join(filter(None, values))}.")
    rows, cols = (_side(name, _text(fields, name)) for name in SIDES)
    digest = ""
    if upload:
        with upload.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Wish(digest, dataset, embedder, layout, rows, cols)


def _text(fields: Mapping[str, Any], name: str) -> str:
    """What a field says, "" where there is none; JSON may say anything."""
    value = fields.get(name)
    return "" if value is None else str(value)


def _side(name: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= SIDE:
        raise Refused(400, f"{name} is a whole number from 1 to {SIDE}, not {text[:20]!r}.")
    return int(text)


def _check(upload: Path, wish: Wish, most: Limits) -> None:
    """Raises Refused or InputError for a zip that is too large or none."""
    if (unpacked := Files(upload).size()) > most.unpacked:
        raise Refused(413, f"The zip unpacks to {unpacked // MB} MB; {most.unpacked // MB} MB are taken.")
    check(grid.find(upload), wish, most)


def _output(request: Request, job: Job) -> dict[str, Any]:
    output: dict[str, Any] = {"id": job.key, "status": job.status}
    if job.status == "running":
        output["progress"] = {"stage": job.stage, "done": job.done, "total": job.total}
    elif job.status == "error":
        output["reason"] = job.reason
    elif job.status == "done":
        base = f"{request.scope.get('root_path', '')}{PATH}/{job.key}"
        named = {"image": IMAGE, "page": PAGE, "table": TABLE}
        output["data"] = {kind: {"url": f"{base}/{name}"} for kind, name in named.items()} | job.facts
    return output


@asynccontextmanager
async def working(_: object) -> AsyncIterator[None]:
    """An app's lifespan in which a worker computes the jobs; one that dies is followed by another."""
    over = threading.Event()
    supervisor = threading.Thread(target=_supervise, args=(over,), daemon=True)
    supervisor.start()
    yield
    over.set()
    await run_in_threadpool(supervisor.join, 15)


def _supervise(over: threading.Event) -> None:
    while not over.is_set():
        command = [sys.executable, "-m", "demos.api.worker", "--parent", str(os.getpid())]
        process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        while process.poll() is None and not over.wait(0.5):
            pass
        if over.is_set():
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        over.wait(1)  # one that cannot even start is not started all the time
