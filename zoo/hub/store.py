"""Finds a checkpoint's files (bundled, in the Hub cache, on the Hub) and checks them.

A checkpoint is a folder with config.json and model.safetensors, the same in all three places.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import GenericAlias
from typing import Any, get_args, get_origin

import httpx2
import platformdirs
from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from zoo.errors import InputError
from zoo.hub import catalog

CONFIG, WEIGHTS = "config.json", "model.safetensors"
CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"
# errors of a download from the Hub; hf_xet raises RuntimeError
UNREACHABLE = httpx2.HTTPError, httpx2.InvalidURL, HFValidationError, OSError, RuntimeError

Kind = type | GenericAlias  # str, int, float, bool, dict, list or list[kind]


def home() -> Path:
    """The folder for files that can be made again: GLYPHZOO_HOME, by default in the user's cache."""
    if named := os.environ.get("GLYPHZOO_HOME"):
        return Path(named).expanduser()
    return platformdirs.user_cache_path("glyphzoo", appauthor=False)


def forget(folder: Path, most: int) -> None:
    """Keeps the `most` entries of a folder that were changed last; deletes all others."""
    with suppress(FileNotFoundError):  # another process deleted it first
        for old in sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime_ns)[:-most]:
            shutil.rmtree(old) if old.is_dir() else old.unlink()


def resolve(name: str | os.PathLike[str]) -> Path:
    """The folder of a checkpoint, given by its name in the catalog or as a folder.

    Raises:
        InputError: the name is neither, or `locate` fails.
    """
    if name not in catalog.CATALOG and Path(name).is_dir():
        return Path(name)
    if isinstance(name, str) and Path(name).name == name:
        return locate(name)
    raise InputError(f"There is no folder {os.fspath(name)!r}; name a folder with {CONFIG} in it, or a checkpoint.")


def locate(name: str) -> Path:
    """The folder of a checkpoint in the catalog: bundled, else in the Hub cache, else downloaded into the cache.

    Cached weights are checked against the catalog's SHA-256 each time (23 MB take about 15 ms) and downloaded again if
    they differ. No request is made if the right files are on this machine.

    Raises:
        InputError: the name is unknown, or the files cannot be downloaded or arrive damaged.
    """
    entry = catalog.entry(name)
    if folder := _bundled(entry):
        return folder
    state = "is not on this machine"
    try:
        if folder := _cached(entry):
            if sha256(folder / WEIGHTS) == entry.sha256:
                return folder
            state = "was damaged or out of date on this machine"
            _remove(folder / WEIGHTS)
        return _download(entry)
    except UNREACHABLE as error:
        raise InputError(f"The checkpoint {name} {state}, and {_why(error, entry)}.") from error


def _bundled(entry: catalog.Entry) -> Path | None:
    folder = CHECKPOINTS / entry.name
    return folder if (folder / WEIGHTS).is_file() and (folder / CONFIG).is_file() else None


def _cached(entry: catalog.Entry) -> Path | None:
    """The snapshot's folder in the Hub cache, if it has both files."""
    config, weights = (try_to_load_from_cache(entry.repo, name, revision=entry.commit) for name in (CONFIG, WEIGHTS))
    return Path(weights).parent if isinstance(config, str) and isinstance(weights, str) else None


def _download(entry: catalog.Entry) -> Path:
    # This request fails at once if the Hub is out of reach; hf_hub_download retries for 23 seconds to 6 minutes.
    get_hf_file_metadata(hf_hub_url(entry.repo, WEIGHTS, revision=entry.commit))
    weights = Path(hf_hub_download(entry.repo, WEIGHTS, revision=entry.commit))
    if sha256(weights) != entry.sha256:
        _remove(weights)
        raise InputError(
            f"{WEIGHTS} of {entry.repo} arrived damaged, or is not the one that this version knows (its SHA-256 "
            "differs), and was removed; try again, or update glyphzoo."
        )
    # From the commit of the weights, so that a push in between cannot mix two versions.
    hf_hub_download(entry.repo, CONFIG, revision=weights.parent.name)
    return weights.parent


def _remove(pointer: Path) -> None:
    """Deletes a file of the Hub cache and the blob that it links to."""
    pointer.resolve().unlink(missing_ok=True)
    pointer.unlink(missing_ok=True)


def _why(error: Exception, entry: catalog.Entry) -> str:
    """Half a sentence on what went wrong with the Hub, and the remedy."""
    repo = f"{entry.repo}{'@' + entry.commit if entry.commit else ''} at {constants.ENDPOINT}"
    match error:
        case OfflineModeIsEnabled():
            return f"HF_HUB_OFFLINE forbids a download; unset it once, or put the files into {CHECKPOINTS / entry.name}"
        case RepositoryNotFoundError() | RevisionNotFoundError() | HFValidationError():
            return f"there is no public repo {repo}; check GLYPHZOO_NAMESPACE and HF_ENDPOINT"
        case LocalEntryNotFoundError():  # raised for a server that does not send the Hub's headers
            return f"{constants.ENDPOINT} does not answer as a Hub does; try again later, or check HF_ENDPOINT"
        case EntryNotFoundError():
            return f"{repo} lacks {CONFIG} or {WEIGHTS}; check GLYPHZOO_NAMESPACE"
        case HfHubHTTPError():
            return f"{repo} answered with error {error.response.status_code}; try again later, or check HF_ENDPOINT"
        case OSError(errno=int()):
            return f"it cannot be stored ({error.strerror}); check the disk, or name a folder in HF_HOME"
        case _:
            return f"{constants.ENDPOINT} does not answer or broke off; check the network, or try again later"


def sha256(path: Path) -> str:
    """SHA-256 of a file in hex.

    Raises:
        InputError: the file is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> InputError:
    """The error for a checkpoint's file that is missing or damaged."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"There is no {path}; a checkpoint is a folder with {CONFIG} and {WEIGHTS}.")
    return InputError(f"{path} cannot be read ({error}); fetch it anew.")


@dataclass(frozen=True)
class Verification:
    """Result of `verify`."""

    folder: Path | None  # of the checkpoint on this machine; None if there is none
    expected: str  # SHA-256 of its weights in the catalog
    actual: str | None  # SHA-256 of the file; None if there is none
    problem: str  # one sentence with the remedy, or ""

    @property
    def ok(self) -> bool:
        """Whether the checkpoint is complete and loads."""
        return not self.problem


def verify(name: str, load: Callable[[Path], object]) -> Verification:
    """Checks a checkpoint on this machine, bundled or in the Hub cache, without any request or change.

    Args:
        name: a name in the catalog.
        load: loads a checkpoint's folder strictly; raises InputError if it does not fit.

    Raises:
        InputError: the name is unknown.
    """
    entry = catalog.entry(name)
    folder, actual, problem = _bundled(entry) or _cached(entry), None, ""
    if folder is None:
        problem = "It is not on this machine; it is downloaded when it is first loaded."
    else:
        try:
            actual = sha256(folder / WEIGHTS)
            if actual != entry.sha256:
                problem = f"{folder / WEIGHTS} is damaged or of another version (its SHA-256 differs); fetch it anew."
            else:
                load(folder)
        except InputError as error:
            problem = str(error)
    return Verification(folder, entry.sha256, actual, problem)


def read_config(folder: Path, fields: Mapping[str, Kind]) -> dict[str, Any]:
    """Reads a checkpoint's config.json and checks the fields that its reader needs.

    Args:
        folder: folder of the checkpoint.
        fields: type of each required field, by its dotted path, such as "glyphzoo.widths".

    Raises:
        InputError: the file is missing or damaged, or a field is missing or of another kind.
    """
    path = folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError) as error:  # ValueError: not JSON, or not UTF-8
        raise unreadable(path, error) from error
    for name, kind in fields.items():
        value = config
        for key in name.split("."):
            if not isinstance(value, dict) or key not in value:
                raise InputError(f"{path} lacks the field {name!r} ({_spell(kind)}); fetch it anew.")
            value = value[key]
        if not _is(value, kind):
            raise InputError(f"{path}: the field {name!r} is {json.dumps(value)[:40]}, but must be {_spell(kind)}.")
    return dict(config)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def _is(value: object, kind: Kind) -> bool:
    if get_origin(kind) is list:
        return isinstance(value, list) and all(_is(item, get_args(kind)[0]) for item in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(kind, type) and isinstance(value, kind)


def _spell(kind: Kind) -> str:
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
