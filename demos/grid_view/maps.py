"""Arrangements that a page shows: their tiles on the disk, and the route by which a browser gets them."""

import hashlib
import io
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

KEPT = 100  # arrangements whose tiles are on the disk
MOST = 16  # arrangements whose pictures can be looked at one by one; of older ones the tiles still can
LARGE = 640  # pixels: the longer side of a picture that is looked at, at most
FILES = re.compile(r"data\.json|says-[a-z0-9-]+\.json|(coarse|fine)-\d+-\d+\.webp")
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class Map:
    """An arrangement that is shown.

    Attributes:
        key: part of its address.
        pictures: all that were given, also those that could not be read.
        found: where they lie.
    """

    key: str
    pictures: Pictures
    found: Arrangement

    @property
    def url(self) -> str:
        """Where a browser finds its tiles, relative to the page."""
        return f"maps/{self.key}"


_opened: OrderedDict[Hashable, Map] = OrderedDict()  # the pages' script and the route below run in one process


def opened(wish: Hashable) -> Map | None:
    """The map that was shown for a wish, if it is one of the last."""
    found = _opened.get(wish)
    if found is None or not (folder(found.key) / tiles.DATA).exists():
        return None
    _opened.move_to_end(wish)
    os.utime(folder(found.key))  # the oldest are forgotten
    return found


def stamp(source: Path) -> str:
    """Changes when a file of a folder, or a zip, does: a hash of all names, sizes and times."""
    paths = [source] if source.is_file() else [Path(at) / name for at, _, names in os.walk(source) for name in names]
    return hashlib.sha256(repr(sorted(_facts(path) for path in paths)).encode()).hexdigest()


def _facts(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:  # a link that leads nowhere
        return str(path), -1, -1
    return str(path), stat.st_size, stat.st_mtime_ns


def show(wish: Hashable, pictures: Pictures, found: Arrangement, progress: Progress | None = None) -> Map:
    """Makes an arrangement fit to be shown, for a wish to be asked for by again; its tiles are drawn once."""
    told = json.dumps([(pictures.names[i], pictures.labels[i]) for i in found.kept])
    key = hashlib.sha256(told.encode() + found.cells.tobytes() + found.vectors.tobytes()).hexdigest()[:24]
    if (folder(key) / tiles.DATA).exists():
        os.utime(folder(key))
    else:
        tiles.write(pictures, found, folder(key), progress)
        store.forget(folder(key).parent, KEPT)
    _opened[wish] = Map(key, pictures, found)
    while len(_opened) > MOST:
        _opened.popitem(last=False)
    return _opened[wish]


def said(shown: Map, reader: str) -> Path:
    """The file with what a reader of the zoo says of every picture, once `say` wrote it; one for each weights."""
    return folder(shown.key) / f"says-{reader}-{catalog.entry(reader).sha256[:12]}.json"


_reading = threading.Lock()
_begun: dict[Path, list[tuple[str, str]]] = {}  # what was said before a visitor's click broke it off


def say(shown: Map, reader: str, progress: Progress | None = None) -> None:
    """Has a reader of the zoo read every picture: text and status of each, in the file `said`."""
    path, model = said(shown, reader), zoo.load(reader)
    names = [shown.pictures.names[i] for i in shown.found.kept]
    answers = _begun.setdefault(path, [])
    with _reading:
        while len(answers) < len(names):
            some = names[len(answers) : len(answers) + 64]
            found = model.read([shown.pictures.read(name) for name in some])
            answers += [(prediction.text, prediction.status) for prediction in found]
            if progress:
                progress(f"reading with {reader}", len(answers), len(names))
        with whole.file(path) as part:
            part.write_text(json.dumps(answers, ensure_ascii=False), encoding="utf-8")
    _begun.pop(path, None)


def folder(key: str) -> Path:
    """Where an arrangement's tiles are."""
    return store.home() / "maps" / key


def serve(request: Request) -> Response:
    """A file of the tiles, or one picture by its number."""
    key, name = request.path_params["key"], request.path_params["name"]
    if FILES.fullmatch(name) and re.fullmatch("[0-9a-f]{24}", key) and (path := folder(key) / name).exists():
        return FileResponse(path, headers=FOREVER)
    found = next((one for one in list(_opened.values()) if one.key == key), None)
    number = re.fullmatch(r"picture/(\d{1,7})", name)
    if found and number and int(number[1]) < len(found.found.kept):
        try:
            content = found.pictures.read(found.pictures.names[found.found.kept[int(number[1])]])
            rgb = preprocess.load(content).rgb
        except (zoo.InputError, OSError) as error:
            return PlainTextResponse(str(error), 410)
        rgb.thumbnail((LARGE, LARGE))
        buffer = io.BytesIO()
        rgb.save(buffer, "WEBP", quality=90)
        return Response(buffer.getvalue(), media_type="image/webp", headers=FOREVER)
    return PlainTextResponse("There is no such map or picture; open the page anew.", 404)


ROUTE = Route("/maps/{key}/{name:path}", serve)
