"""To the Hugging Face Hub: each checkpoint as a repo of its own, the pages as Spaces that fetch them there.

Who pushes is told by HF_TOKEN or `hf auth login`, never by an argument.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RepositoryNotFoundError

from zoo.errors import InputError
from zoo.hub import catalog, store

ROOT = Path(__file__).parents[2]
KEPT = frozenset({".gitattributes"})  # files of a repo that the Hub makes
Page = Literal["app", "grid"]
Files = Mapping[str, bytes]
WEIGHTS_LEFT_OUT = re.compile(rf"zoo/checkpoints/[^/]+/{re.escape(store.WEIGHTS)}")


@dataclass(frozen=True)
class Pushed:
    """What a push did, or would do.

    Attributes:
        repo: NAMESPACE/NAME.
        commit: the newest one of the repo afterwards; "" where there is none.
        changed: files that were sent, or taken away.
    """

    repo: str
    commit: str
    changed: tuple[str, ...]


def checkpoint(name: str, namespace: str, dry_run: bool = False) -> Pushed:
    """Pushes a checkpoint's folder, as it is, to NAMESPACE/NAME, and pins the commit for those who load it.

    Raises:
        InputError: the folder is not whole, or the Hub cannot be reached or refuses.
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


def space(repo: str, page: Page = "app", namespace: str = "glyphzoo", dry_run: bool = False) -> Pushed:
    """Pushes a page to the Space `repo`, without weights: it fetches them from the checkpoints' repos in `namespace`.

    Raises:
        InputError: this is no checkout of the project, or the Hub cannot be reached or refuses.
    """
    made = {"space_sdk": "gradio" if page == "app" else "docker"}
    named = [{"key": "GLYPHZOO_NAMESPACE", "value": namespace}]
    return push(repo, "space", pages(page, namespace), dry_run, made | {"space_variables": named})


def static(repo: str, page: Path, dry_run: bool = False) -> Pushed:
    """Pushes a page that `zoo grid` wrote to the Space `repo`, where it stands as it is: no server, no weights.

    Raises:
        InputError: the file cannot be read, or the Hub cannot be reached or refuses.
    """
    try:
        shown = page.read_bytes()
    except OSError as error:
        raise InputError(f"{page} cannot be read; python -m zoo grid FOLDER --out {page.name} writes one.") from error
    files = {"index.html": shown, "README.md": _front(["sdk: static"], "# Pictures on a grid\n").encode()}
    return push(repo, "space", files, dry_run, {"space_sdk": "static"})


def pages(page: Page, namespace: str) -> dict[str, bytes]:
    """The files of a Space, by their paths."""
    if not (ROOT / "app.py").exists():
        raise InputError(f"{ROOT} holds no app.py; deploy from a checkout of the project.")
    names = ["app.py", "requirements.txt", "requirements.lock", "packages.txt", "LICENSE", "Dockerfile"]
    for folder in ("demos", "zoo", "training/data"):
        names += [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()]
    names += ["training/__init__.py"]
    unwanted = re.compile(r"(^|/)(node_modules|__pycache__|\..*)(/|$)|\.pyc$")
    kept = [name for name in names if not unwanted.search(name) and not WEIGHTS_LEFT_OUT.fullmatch(name)]
    files = {name: (ROOT / name).read_bytes() for name in sorted(kept) if (ROOT / name).exists()}
    return files | {"README.md": front(page, namespace).encode()}


def front(page: Page, namespace: str) -> str:
    """The Space's README: the project's own, whose front matter says what is to be fetched before it starts."""
    _, matter, text = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    if page == "grid":
        return _front(["sdk: docker", "app_port: 7860"], text)
    wanted = [
        f"  - {namespace}/{name} {store.CONFIG},{store.WEIGHTS}{_at(namespace, name)}" for name in catalog.every()
    ]
    return "---\n" + matter + "\n".join(["preload_from_hub:", *wanted]) + "\n---\n" + text


def _front(lines: list[str], text: str) -> str:
    """A Space's README of a page beside the app."""
    known = ["title: Glyphzoo grid", "emoji: 🔠", "colorFrom: indigo", "colorTo: gray", "license: mit"]
    return "\n".join(["---", *known, *lines, "---", text])


def _at(namespace: str, name: str) -> str:
    commit = catalog.pins().get(f"{namespace}/{name}")
    return f" {commit}" if commit else ""


def push(
    repo: str, kind: Literal["model", "space"], files: Files, dry_run: bool, made: Mapping[str, Any] | None = None
) -> Pushed:
    """Makes a repo hold just these files; sends what differs, and nothing where nothing does.

    Args:
        repo: NAMESPACE/NAME; one that is not there is made.
        kind: of repo.
        files: by their paths.
        dry_run: whether nothing is to be changed.
        made: what `HfApi.create_repo` is told.

    Raises:
        InputError: the Hub cannot be reached or refuses.
    """
    api = HfApi()
    try:
        head, there = _state(api, repo, kind)
        differing = [name for name, data in files.items() if there.get(name) not in _digests(data)]
        gone = sorted(set(there) - set(files) - KEPT)
        changed = (*differing, *gone)
        if dry_run or not changed:
            return Pushed(repo, head, changed)
        api.create_repo(repo, repo_type=kind, exist_ok=True, **(made or {}))
        commit = api.create_commit(
            repo,
            [
                *(CommitOperationAdd(name, files[name]) for name in differing),
                *(CommitOperationDelete(name) for name in gone),
            ],
            commit_message=f"Glyphzoo: {len(changed)} file{'s' * (len(changed) > 1)}",
            repo_type=kind,
        )
        return Pushed(repo, commit.oid, changed)
    except HFValidationError as error:
        raise InputError(f"{repo!r} is no name of a repo; give NAMESPACE/NAME.") from error
    except HfHubHTTPError as error:
        raise InputError(_refused(repo, error)) from error
    except store.UNREACHABLE as error:
        raise InputError(f"{api.endpoint} does not answer or broke off; check the network and try again.") from error
    except ValueError as error:  # the client's word for a front matter that the Hub refuses
        raise InputError(f"The Hub takes the README.md of {repo} for faulty: {' '.join(str(error).split())}") from error


def _state(api: HfApi, repo: str, kind: str) -> tuple[str, dict[str, str]]:
    """The newest commit of a repo and of each of its files the digest by which git or LFS knows it; none of none."""
    try:
        info = (api.model_info if kind == "model" else api.space_info)(repo, files_metadata=True)
    except RepositoryNotFoundError:
        return "", {}
    files = info.siblings or []
    return info.sha or "", {file.rfilename: file.lfs.sha256 if file.lfs else file.blob_id or "" for file in files}


def _digests(data: bytes) -> tuple[str, str]:
    """By which LFS and git know a file."""
    return hashlib.sha256(data).hexdigest(), hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _refused(repo: str, error: HfHubHTTPError) -> str:
    status = error.response.status_code
    if status in (401, 403):
        return f"The Hub does not let you write to {repo}; log in with hf auth login, or set HF_TOKEN."
    return f"The Hub answered {repo} with error {status}; try again later, or check HF_ENDPOINT."
