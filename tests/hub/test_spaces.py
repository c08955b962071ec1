"""Pages are pushed to a Hub on this machine by the real client."""

from pathlib import Path
from typing import Any

import yaml

from tests import clients
from tests.conftest import Hub
from zoo.hub import catalog, spaces


def test_a_space_holds_the_app_without_the_weights(hub: Hub, author: dict[str, Any]) -> None:
    done = clients.run(clients.command, "deploy", "--space", "someone/app", "--namespace", "someone", **author)
    assert done["code"] == 0, done["err"]
    files = hub.repos["spaces/someone/app"]
    assert {"app.py", "requirements.txt", "packages.txt", "demos/tabs/captcha.py", "training/data/words.py"} <= set(
        files
    )
    assert not [name for name in files if name.endswith((".safetensors", ".pyc")) or "node_modules" in name]
    assert sum(map(len, files.values())) < 20_000_000
    matter = yaml.safe_load(files["README.md"].decode().split("---")[1])
    assert matter["sdk"] == "gradio" and matter["app_file"] == "app.py"
    wanted = [f"someone/{name} config.json,model.safetensors" for name in catalog.every()]
    assert len(matter["preload_from_hub"]) == len(wanted)
    assert all(line.startswith(name) for line, name in zip(matter["preload_from_hub"], wanted, strict=True))
    assert hub.made[-1]["sdk"] == "gradio"
    assert hub.made[-1]["variables"] == [{"key": "GLYPHZOO_NAMESPACE", "value": "someone"}]


def test_the_grid_is_a_docker_space() -> None:
    files = spaces.files("grid", "glyphzoo")
    matter = yaml.safe_load(files["README.md"].decode().split("---")[1])
    assert matter["sdk"] == "docker" and matter["app_port"] == 7860
    recipe = files["Dockerfile"].decode()
    assert "--uid 1000" in recipe and "--server.port=7860" in recipe and "demos/grid.py" in files


def test_a_map_is_a_static_space(hub: Hub, author: dict[str, Any], tmp_path: Path) -> None:
    page = tmp_path / "map.html"
    page.write_text("<!doctype html><title>Grid</title>")
    deploy = "deploy", "--space", "someone/map", "--page"
    done = clients.run(clients.command, *deploy, str(page), **author)
    assert done["code"] == 0, done["err"]
    files = hub.repos["spaces/someone/map"]
    assert set(files) - {".gitattributes"} == {"index.html", "README.md"} and files["index.html"] == page.read_bytes()
    assert yaml.safe_load(files["README.md"].decode().split("---")[1])["sdk"] == "static"
    assert hub.made[-1]["sdk"] == "static"
    for wrong, sentence in ((str(tmp_path / "none.html"), "cannot be read"), ("poster", "There is no page 'poster'")):
        refused = clients.run(clients.command, *deploy, wrong, **author)
        assert refused["code"] == 1 and sentence in refused["err"] and refused["err"].count("\n") == 1
