"""Checkpoints to the Hugging Face Hub, each as a repo of its own.

The token comes from HF_TOKEN or `hf auth login`, never from an argument.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

from zoo.errors import InputError
from zoo.hub import catalog, store

HUB_OWN = frozenset({".gitattributes"})  # files that the Hub itself puts into a repo


@dataclass(frozen=True)
class Pushed:
    """What a push changed, or would change."""

    repo: str  # NAMESPACE/NAME
    commit: str  # newest commit of the repo afterwards; "" if there is no repo
    changed: tuple[str, ...]  # names of the files that were sent or deleted


def checkpoint(name: str, namespace: str, dry_run: bool = False) -> Pushed:
    """Pushes a checkpoint's folder as it is to NAMESPACE/NAME, and pins the commit that `zoo.load` will fetch.

    Raises:
        InputError: the weights are not those of the catalog, or the Hub cannot be reached or refuses.
    """
    folder = store.CHECKPOINTS / name
    entry = catalog.entry(name)
    if store.sha256(folder / store.WEIGHTS) != entry.sha256:
        raise InputError(f"{folder / store.WEIGHTS} is not what the catalog names (its SHA-256 differs); mend either.")
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    pushed = push(f"{namespace}/{name}", "model", files, dry_run)
    if not dry_run:
        catalog.pin(pushed.repo, pushed.commit)
    return pushed


def push(
    repo: str, kind: Literal["model", "space"], files: Mapping[str, bytes], dry_run: bool, **options: Any
) -> Pushed:
    """Makes a repo NAMESPACE/NAME hold exactly these files, given by path. Sends only what differs.

    The repo is created if it does not exist, with more `options` of `HfApi.create_repo`; a dry run changes nothing.

    Raises:
        InputError: the Hub cannot be reached or refuses.
    """
    api = HfApi()
    try:
        head, digests = _state(api, repo, kind)
        differing = [name for name, data in files.items() if digests.get(name) not in _digests(data)]
        gone = sorted(digests.keys() - files.keys() - HUB_OWN)
        changed = (*differing, *gone)
        if dry_run or not changed:
            return Pushed(repo, head, changed)
        api.create_repo(repo, repo_type=kind, exist_ok=True, **options)
        operations: list[Any] = [CommitOperationAdd(name, files[name]) for name in differing]
        operations += [CommitOperationDelete(name) for name in gone]
        message = f"Glyphzoo: {len(changed)} file{'s' * (len(changed) > 1)}"
        commit = api.create_commit(repo, operations, commit_message=message, repo_type=kind)
        return Pushed(repo, commit.oid, changed)
    except HFValidationError as error:
        raise InputError(f"{repo!r} is no name of a repo; give NAMESPACE/NAME.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            reason = f"The Hub does not let you write to {repo}; log in with hf auth login, or set HF_TOKEN."
        else:
            reason = f"The Hub answered {repo} with error {status}; try again later, or check HF_ENDPOINT."
        raise InputError(reason) from error
    except store.UNREACHABLE as error:
        raise InputError(f"{api.endpoint} does not answer or broke off; check the network and try again.") from error
    except ValueError as error:  # the client raises it when the Hub refuses the front matter
        raise InputError(f"The Hub takes the README.md of {repo} for faulty: {' '.join(str(error).split())}") from error


def _state(api: HfApi, repo: str, kind: str) -> tuple[str, dict[str, str]]:
    """Newest commit of a repo, and the LFS or git digest of each file; "" and {} if there is no repo."""
    try:
        info = (api.model_info if kind == "model" else api.space_info)(repo, files_metadata=True)
    except RepositoryNotFoundError:
        return "", {}
    files = info.siblings or []
    return info.sha or "", {file.rfilename: file.lfs.sha256 if file.lfs else file.blob_id or "" for file in files}


def _digests(data: bytes) -> tuple[str, str]:
    """The digests of a file's content in LFS (SHA-256) and in git (SHA-1 of the blob)."""
    return hashlib.sha256(data).hexdigest(), hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
