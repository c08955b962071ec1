"""Arrangements on the page: their tiles on the disk, and the route that serves them."""

import hashlib
import json
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

import zoo
from zoo import whole
from zoo.grid import Arrangement, Pictures, Progress, tiles
from zoo.hub import catalog, store
from zoo.images import preprocess

KEPT = 100  # arrangements with tiles on the disk
MOST = 16  # arrangements in memory, which serve single pictures; older ones serve tiles alone
LARGE = 640  # pixels of the longer side of a single picture, at most
FILES = re.compile(r"data\.json|says-[a-z0-9-]+\.json|(coarse|fine)-\d+-\d+\.webp")
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Map:
    """An arrangement on the page."""

    key: str  # part of its address
    pictures: Pictures  # all that were given, unreadable ones included
    arrangement: Arrangement  # the cells of the readable ones

    @property
    def url(self) -> str:
        """Address of its tiles, relative to the page."""
        return f"maps/{self.key}"


_opened: OrderedDict[Hashable, Map] = OrderedDict()  # page and route share one process


def opened(request: Hashable) -> Map | None:
    """The map for a request, if it is still in memory and on the disk."""
    found = _opened.get(request)
    if found is None or not (folder(found.key) / tiles.DATA).exists():
        return None
    _opened.move_to_end(request)
    os.utime(folder(found.key))  # the oldest folders are deleted
    return found


def stamp(source: Path) -> str:
    """Hash of the names, sizes and times of a zip or of all files in a folder."""
    paths = [source] if source.is_file() else [Path(at) / name for at, _, names in os.walk(source) for name in names]
    return hashlib.sha256(repr(sorted(_facts(path) for path in paths)).encode()).hexdigest()


def _facts(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:  # a broken link
        return str(path), -1, -1
    return str(path), stat.st_size, stat.st_mtime_ns


def show(request: Hashable, pictures: Pictures, found: Arrangement, progress: Progress | None = None) -> Map:
    """Draws the tiles of an arrangement unless they exist; stores its map under `request` for `opened`."""
    names = json.dumps([(pictures.names[i], pictures.labels[i]) for i in found.kept])
    key = hashlib.sha256(names.encode() + found.cells.tobytes() + found.vectors.tobytes()).hexdigest()[:24]
    if (folder(key) / tiles.DATA).exists():
        os.utime(folder(key))
    else:
        tiles.write(pictures, found, folder(key), progress)
        store.forget(folder(key).parent, KEPT)
    _opened[request] = Map(key, pictures, found)
    while len(_opened) > MOST:
        _opened.popitem(last=False)
    return _opened[request]


def readings(shown: Map, reader: str) -> Path:
    """The file that `read` writes; its name contains the reader and the digest of its weights."""
    return folder(shown.key) / f"says-{reader}-{catalog.entry(reader).sha256[:12]}.json"


_reading = threading.Lock()
_begun: dict[Path, list[tuple[str, str]]] = {}  # kept when a visitor's click interrupts the script


def read(shown: Map, reader: str, progress: Progress | None = None) -> None:
    """Reads every picture; writes text and status of each to `readings`."""
    path, model = readings(shown, reader), zoo.load(reader)
    names = [shown.pictures.names[i] for i in shown.arrangement.kept]
    answers = _begun.setdefault(path, [])
    with _reading:
        while len(answers) < len(names):
            batch = names[len(answers) : len(answers) + 64]
            found = model.read([shown.pictures.read(name) for name in batch])
            answers += [(prediction.text, prediction.status) for prediction in found]
            if progress:
                progress(f"reading with {reader}", len(answers), len(names))
        with whole.file(path) as part:
            part.write_text(json.dumps(answers, ensure_ascii=False), encoding="utf-8")
    _begun.pop(path, None)


def folder(key: str) -> Path:
    """The folder of an arrangement's tiles."""
    return store.home() / "maps" / key


def serve(request: Request) -> Response:
    """Answers with a file of the tiles, or with one picture by its number."""
    key, name = request.path_params["key"], request.path_params["name"]
    if FILES.fullmatch(name) and re.fullmatch("[0-9a-f]{24}", key) and (path := folder(key) / name).exists():
        return FileResponse(path, headers=FOREVER)
    found = next((one for one in list(_opened.values()) if one.key == key), None)
    number = re.fullmatch(r"picture/(\d{1,7})", name)
    if found and number and int(number[1]) < len(found.arrangement.kept):
        try:
            content = found.pictures.read(found.pictures.names[found.arrangement.kept[int(number[1])]])
            rgb = preprocess.load(content).rgb
        except (zoo.InputError, OSError) as error:
            return PlainTextResponse(str(error), 410)
        rgb.thumbnail((LARGE, LARGE))
        return Response(preprocess.encoded(rgb, "WEBP", quality=90), media_type="image/webp", headers=FOREVER)
    return PlainTextResponse("There is no such map or picture; open the page anew.", 404)


ROUTE = Route("/maps/{key}/{name:path}", serve)
