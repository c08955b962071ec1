"""Pages to the Hugging Face Hub as Spaces, which fetch their weights from the checkpoints' repos.

The only file of the library that knows app.py and demos/.
"""

import re
from pathlib import Path
from typing import Literal

from zoo.errors import InputError
from zoo.hub import catalog, store
from zoo.hub.publish import Pushed, push

ROOT = Path(__file__).parents[2]
PAGE_FILES = "app.py", "requirements.txt", "requirements.lock", "packages.txt", "LICENSE", "Dockerfile"
PAGE_FOLDERS = "demos", "zoo", "training/data"
NOT_PUSHED = re.compile(
    rf"(.*/)?(node_modules|__pycache__|\.[^/]*)(/.*)?|.*\.pyc|zoo/checkpoints/[^/]+/{re.escape(store.WEIGHTS)}"
)
Page = Literal["app", "grid"]


def deploy(repo: str, page: Page = "app", namespace: str = "glyphzoo", dry_run: bool = False) -> Pushed:
    """Pushes a page to the Space `repo`, without weights: the Space fetches those from the repos in `namespace`.

    Raises:
        InputError: this is no checkout of the project, or the Hub cannot be reached or refuses.
    """
    sdk = "gradio" if page == "app" else "docker"
    variables = [{"key": "GLYPHZOO_NAMESPACE", "value": namespace}]
    return push(repo, "space", files(page, namespace), dry_run, space_sdk=sdk, space_variables=variables)


def deploy_html(repo: str, path: Path, dry_run: bool = False) -> Pushed:
    """Pushes an HTML file of `zoo grid` to the static Space `repo`: no server, no weights.

    Raises:
        InputError: the file cannot be read, or the Hub cannot be reached or refuses.
    """
    try:
        html = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read; python -m zoo grid FOLDER --out {path.name} writes one.") from error
    readme = _grid_readme(["sdk: static"], "# Pictures on a grid\n").encode()
    return push(repo, "space", {"index.html": html, "README.md": readme}, dry_run, space_sdk="static")


def files(page: Page, namespace: str) -> dict[str, bytes]:
    """The files of a Space, by path."""
    if not (ROOT / "app.py").exists():
        raise InputError(f"{ROOT} holds no app.py; deploy from a checkout of the project.")
    names = [*PAGE_FILES, "training/__init__.py"]
    for folder in PAGE_FOLDERS:
        names += [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()]
    found = {name: (ROOT / name).read_bytes() for name in sorted(names) if not NOT_PUSHED.fullmatch(name)}
    return found | {"README.md": _readme(page, namespace).encode()}


def _readme(page: Page, namespace: str) -> str:
    """The project's README; its front matter lists the files that the Hub fetches before the Space starts."""
    _, matter, text = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    if page == "grid":
        return _grid_readme(["sdk: docker", "app_port: 7860"], text)
    pins, preload = catalog.pins(), ""
    for name in catalog.every():
        repo = f"{namespace}/{name}"
        preload += f"  - {repo} {store.CONFIG},{store.WEIGHTS} {pins.get(repo, '')}".rstrip() + "\n"
    return f"---\n{matter}preload_from_hub:\n{preload}---\n{text}"


def _grid_readme(settings: list[str], text: str) -> str:
    """README of a Space that shows a grid."""
    common = ["title: Glyphzoo grid", "emoji: 🔠", "colorFrom: indigo", "colorTo: gray", "license: mit"]
    return "\n".join(["---", *common, *settings, "---", text])
