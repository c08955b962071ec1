"""/v2/visualizations: arrangements of pictures, computed in the background and fetched over HTTP.

    curl -F file=@pictures.zip -F layout=sorted http://127.0.0.1:7860/v2/visualizations
    curl -d '{"dataset": "captchas"}' -H 'Content-Type: application/json' http://127.0.0.1:7860/v2/visualizations

Both answer 202 with {"output": {"id": …, "status": "pending"}}. GET /v2/visualizations/ID reports the progress and, at
the end, the addresses of the picture, the page and the table. /v2/openapi.json describes the interface.
"""

import hashlib
import re
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import fastapi
from fastapi import FastAPI, HTTPException
from fastapi.responses import FileResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Mount
from starlette.types import Message

import zoo
from demos.api.jobs import Full, Job, Jobs
from demos.api.request import MB, SIDE, Limits, Request, TooMuch, check, check_grid
from demos.api.worker import FILES, IMAGE, PAGE, TABLE
from demos.grid_view import sets
from zoo import InputError, grid
from zoo.grid import embed, pictures
from zoo.images.files import Files

PREFIX, PATH = "/v2", "/visualizations"
EMBEDDERS = ("", *zoo.names(), embed.COLOUR, embed.PRETRAINED)
CHOICES = {"embedder": EMBEDDERS, "layout": ("", *grid.LAYOUTS)}
SETS = "|".join(sets.BY_NAME)
EITHER = "Send either a zip of pictures as the form's file or the name of a dataset."
Side = Annotated[int, Field(ge=1, le=SIDE)] | None


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Options(Model):
    """How to arrange pictures."""

    embedder: Literal[CHOICES["embedder"]] = Field("", description="by which pictures are alike")
    layout: Literal[CHOICES["layout"]] = Field("", description=f"none: {Request.layout}")
    rows: Side = Field(None, description="none: about square")
    cols: Side = Field(None, description="none: about square")


class Dataset(Options):
    """A request for a data set by its name."""

    dataset: str = Field(
        pattern=f"^(?:{SETS}|{pictures.REPO.pattern})$", description=f"{SETS}, or user/name of a data set on the Hub"
    )


class Upload(Options):
    """A request with a zip of pictures."""

    file: bytes


class Progress(Model):
    stage: str
    done: int = Field(ge=0)
    total: int = Field(ge=0)


class Address(Model):
    url: str


class Data(Model, extra="allow"):
    """Addresses of the files, and facts about the arrangement."""

    image: Address
    page: Address
    table: Address


class Output(Model):
    id: str
    status: Literal["pending", "running", "done", "error"]
    progress: Progress | None = None
    reason: str | None = Field(None, description="why it failed, in a sentence")
    data: Data | None = None


class Visualization(Model):
    output: Output


class Error(Model):
    error: str = Field(description="a sentence with the remedy")


def mount(jobs: Jobs) -> Mount:
    """The interface as a route of a Starlette or FastAPI app."""
    app = FastAPI(
        title="Glyphzoo",
        version="2",
        description="Lays pictures out so that like lies beside like",
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            HTTPException: lambda _, error: _refused(error.status_code, error.detail),
            StarletteHTTPException: _not_understood,
            ClientDisconnect: lambda *_: _refused(400, "The upload broke off; send it again."),
            Full: lambda *_: _refused(429, "Too many visualizations wait already; try again in a minute."),
            TooMuch: lambda _, error: _refused(413, str(error)),
            InputError: lambda _, error: _refused(400, str(error)),
        },
    )
    missing: dict[int | str, dict[str, Any]] = {404: {"model": Error, "description": "there is none"}}

    @app.post(
        PATH,
        status_code=202,
        response_model_exclude_unset=True,
        operation_id="visualize",
        summary="Asks for pictures to be laid out on a grid; asked for again, the same is not computed again",
        responses={
            400: {"model": Error, "description": "what is asked for makes no sense"},
            413: {"model": Error, "description": "it is too much"},
            429: {
                "model": Error,
                "description": "too many wait",
                "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}},
            },
        },
        openapi_extra={"requestBody": _bodies(jobs.limits)},
    )
    async def post(http: fastapi.Request) -> Visualization:
        options, upload = await _received(http, jobs)
        try:
            job = await run_in_threadpool(_submit, jobs, options, upload)
        finally:
            if upload:
                upload.unlink(missing_ok=True)  # unless the job took it
        return _visualization(http, job)

    @app.get(
        PATH + "/{key}",
        response_model_exclude_unset=True,
        operation_id="visualization",
        summary="How far it is, and where its files are once it is done",
        responses=missing,
    )
    def get(http: fastapi.Request, key: str) -> Visualization:
        if not (job := jobs.get(key)):
            raise HTTPException(404, "There is no visualization of this id; post its pictures again.")
        return _visualization(http, job)

    @app.get(
        PATH + "/{key}/{name}",
        response_class=FileResponse,
        operation_id="file",
        summary="The picture, a page of its own or the table of a visualization that is done",
        responses={200: {"content": {"image/jpeg": {}, "text/html": {}, "text/csv": {}}}, **missing},
    )
    def file(key: str, name: Annotated[str, fastapi.Path(json_schema_extra={"enum": list(FILES)})]) -> Response:
        job = jobs.get(key)
        if not job or job.status != "done" or name not in FILES:
            raise HTTPException(404, "There is no such file; ask for the visualization's status first.")
        return FileResponse(jobs.folder(key) / name)

    # FastAPI documents a status 422 for parameters, but none is ever refused so
    document = app.openapi()
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name)
    route = Mount(PREFIX, app)
    route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)  # an id may hold a newline
    return route


def _refused(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status, {"Retry-After": "30"} if status == 429 else None)


def _not_understood(_: fastapi.Request, error: StarletteHTTPException) -> JSONResponse:
    """Answers what Starlette itself refuses: a broken form, an unknown address or method."""
    if error.status_code == 400:
        return _refused(400, f"The form cannot be read: {error.detail}.")
    return _refused(error.status_code, f"{error.detail}; {PREFIX}/openapi.json describes what there is.")


def _bodies(limits: Limits) -> dict[str, Any]:
    """The two bodies of a POST, for the OpenAPI document."""
    form = Upload.model_json_schema()
    size = f"up to {limits.count:,} pictures, of {limits.upload // MB} MB at most"
    form["properties"]["file"]["description"] = f"a zip of {size}"
    schemas = {"application/json": Dataset.model_json_schema(), "multipart/form-data": form}
    return {"required": True, "content": {kind: {"schema": schema} for kind, schema in schemas.items()}}


async def _received(http: fastapi.Request, jobs: Jobs) -> tuple[Options, Path | None]:
    """The options of a request, and the uploaded zip on the disk.

    Raises:
        Full: too many jobs are pending; the upload is not even received then.
        HTTPException: the request is too large or makes no sense.
    """
    is_json = http.headers.get("content-type", "").startswith("application/json")
    if not is_json and await run_in_threadpool(jobs.full):
        raise Full
    bounded = _bounded(http, min(jobs.limits.upload, MB) if is_json else jobs.limits.upload)
    if is_json:
        return _valid(Dataset, await bounded.body()), None
    async with bounded.form(max_files=1, max_fields=16) as form:
        texts = {name: value for name, value in form.items() if value and isinstance(value, str)}
        upload = form.get("file")
        if isinstance(upload, UploadFile) == ("dataset" in texts):
            raise HTTPException(400, EITHER)
        options = _valid(Dataset if "dataset" in texts else Options, texts)
        if not isinstance(upload, UploadFile):
            return options, None
        with tempfile.NamedTemporaryFile(dir=jobs.uploads, suffix=".part", delete=False) as part:
            while chunk := await upload.read(MB):
                part.write(chunk)
        return options, Path(part.name)


def _bounded(http: fastapi.Request, limit: int) -> fastapi.Request:
    """The request, whose body is refused once it is longer than `limit` bytes, whatever its header says."""
    too_large = HTTPException(413, f"The upload is larger than {limit // MB} MB; send fewer or smaller pictures.")
    if int(http.headers.get("content-length", 0)) > limit:
        raise too_large
    arrived = 0

    async def receive() -> Message:
        nonlocal arrived
        message = await http.receive()
        arrived += len(message.get("body", b""))
        if arrived > limit:
            raise too_large
        return message

    return fastapi.Request(http.scope, receive)


def _valid(model: type[Options], body: bytes | dict[str, str]) -> Options:
    """The options in a JSON body or in the texts of a form; raises HTTPException with a sentence."""
    try:
        if isinstance(body, bytes):
            return model.model_validate_json(body)
        numbers = {name: text for name, text in body.items() if re.fullmatch("[0-9]{1,9}", text)}
        sides = {name: int(text) for name, text in numbers.items() if name in ("rows", "cols")}
        return model.model_validate(body | sides)
    except ValidationError as error:
        raise HTTPException(400, _sentence(error.errors()[0])) from error


def _sentence(error: ErrorDetails) -> str:
    """What is wrong with one option, and what it may be."""
    name, value = str(error["loc"][0]) if error["loc"] else "", error["input"]
    if not name:
        return 'The body is no JSON object; send one like {"dataset": "captchas"}.'
    if error["type"] == "extra_forbidden":
        return f"There is no option {name[:40]!r}; the options are {', '.join(sorted(Dataset.model_fields))}."
    if error["type"] == "missing" or (name, value) == ("dataset", ""):
        return EITHER
    if name in ("rows", "cols"):
        return f"{name} is a whole number from 1 to {SIDE}, not {repr(value)[:22]}."
    if value is None:
        return f"{name!r} is a text, not null; leave it out."
    if name == "dataset":
        names = ", ".join(sets.BY_NAME)
        return f"There is no dataset {str(value)[:80]!r}; name {names}, or user/name of one on the Hub."
    return f"There is no {name} {str(value)[:40]!r}; choose from {', '.join(filter(None, CHOICES[name]))}."


def _submit(jobs: Jobs, options: Options, upload: Path | None) -> Job:
    """Returns the job of a request; a new one only after its pictures are checked.

    Raises:
        InputError: the zip is too large or none, or the grid does not suit its pictures.
        Full: too many jobs are pending.
    """
    chosen = options.model_dump()
    digest = ""
    if upload:
        with upload.open("rb") as zipped:
            digest = hashlib.file_digest(zipped, "sha256").hexdigest()
    request = Request(**chosen | {"upload": digest, "layout": chosen["layout"] or Request.layout})
    if (known := jobs.get(request.key)) and known.status != "error":
        return known
    if upload:
        unpacked, limit = Files(upload).size(), jobs.limits.unpacked
        if unpacked > limit:
            raise TooMuch(f"The zip unpacks to {unpacked // MB} MB; {limit // MB} MB are taken.")
        check(grid.find(upload), request, jobs.limits)
    elif request.dataset in sets.BY_NAME:
        check_grid(sets.COUNT, request)
    return jobs.submit(request, upload)


def _visualization(http: fastapi.Request, job: Job) -> Visualization:
    output: dict[str, Any] = {"id": job.key, "status": job.status}
    if job.status == "running":
        output["progress"] = {"stage": job.stage, "done": job.done, "total": job.total}
    elif job.status == "error":
        output["reason"] = job.reason
    elif job.status == "done":
        base = f"{http.scope['root_path']}{PATH}/{job.key}"
        files = {"image": IMAGE, "page": PAGE, "table": TABLE}
        output["data"] = {kind: {"url": f"{base}/{name}"} for kind, name in files.items()} | job.facts
    return Visualization.model_validate({"output": output})
