"""What is found in folders, zips and on the Hub."""

import os
import shutil
from functools import partial
from pathlib import Path

import pytest

import zoo
from tests import clients
from tests.conftest import Hub
from zoo.grid import find
from zoo.grid.pictures import of


def test_folders_are_labels_unless_a_table_has_others(folder: Path) -> None:
    found = find(folder)
    assert len(found) == 60 and found.names[0] == "blue/00.png" and list(found.names) == sorted(found.names)
    assert found.labels == tuple(name.split("/")[0] for name in found.names)
    assert found.read("red/03.png") == (folder / "red/03.png").read_bytes()
    (folder / "metadata.csv").write_text("file_name,text\nred/00.png,rouge\n", encoding="utf-8-sig")
    (folder / "green" / "metadata.csv").write_text("file_name,label,text\n01.png,vert,x\n")
    labels = dict(zip(find(folder).names, find(folder).labels, strict=True))
    assert {name: label for name, label in labels.items() if label} == {"red/00.png": "rouge", "green/01.png": "vert"}


def test_tables_may_be_of_another_make(folder: Path) -> None:
    lines = '{"file_name": "00.png", "label": 0, "more": [1]}', '{"file_name": "01.png"}', "", '{"label": 4}'
    (folder / "red" / "metadata.jsonl").write_text("\n".join(lines))
    (folder / "blue" / "metadata.csv").write_text('file_name,label\r00.png,"bleu"\r"01.png"\r', newline="")
    labels = dict(zip(find(folder).names, find(folder).labels, strict=True))
    assert {name: label for name, label in labels.items() if label} == {"red/00.png": "0", "blue/00.png": "bleu"}
    assert find(folder).skipped == {}
    (folder / "blue" / "metadata.csv").write_text("file_name,group\n00.png,1\n")
    (folder / "red" / "metadata.jsonl").unlink()
    assert set(find(folder).labels) == {"red", "green", "blue"}, "a table without labels says nothing"


@pytest.mark.parametrize(
    ("table", "content"),
    [
        ("metadata.csv", f"file_name,label\n00.png,{'x' * 140_000}\n"),
        ("metadata.jsonl", '{"file_name": "00.png"'),
        ("metadata.jsonl", "[1]\n"),
        ("metadata.jsonl", "[" * 100_000),
    ],
)
def test_a_table_that_is_damaged_is_named(folder: Path, table: str, content: str) -> None:
    (folder / "red" / table).write_text(content)
    with pytest.raises(zoo.InputError, match=f"red/{table} cannot be read .*; mend it"):
        find(folder)


def test_names_and_labels_that_are_no_utf8_can_be_written(folder: Path) -> None:
    odd = folder / os.fsdecode(b"caf\xe9")
    (folder / "red").rename(odd)
    (odd / "00.png").rename(odd / os.fsdecode(b"\xff.png"))
    found = find(folder)
    assert sum(label == r"caf\udce9" for label in found.labels) == 20
    name = next(name for name in found.names if "ff.png" in name)
    assert name.encode() == rb"caf\udce9/\udcff.png" and found.read(name).startswith(b"\x89PNG")
    assert of([odd / "01.png"]).names[0].encode().endswith(rb"caf\udce9/01.png")
    (folder / "blue" / "metadata.jsonl").write_text(r'{"file_name": "00.png", "label": "\ud800"}')
    assert dict(zip(found.names, find(folder).labels, strict=True))["blue/00.png"].encode() == rb"\ud800"


def test_a_zip_is_as_its_folder_and_other_files_are_named(folder: Path) -> None:
    (folder / "notes.txt").write_text("notes")
    packed = find(shutil.make_archive(str(folder), "zip", folder))
    found = find(folder)
    assert (packed.names, packed.labels) == (found.names, found.labels)
    assert packed.skipped == found.skipped == {"notes.txt": "it is no picture"}


def test_what_holds_no_picture_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(zoo.InputError, match="holds no picture"):
        find(tmp_path / "empty")
    with pytest.raises(zoo.InputError, match="does not exist"):
        find(tmp_path / "nothing")
    with pytest.raises(zoo.InputError, match="no data set of that name could be fetched"):
        find("nobody/nothing")


def test_pictures_of_any_kind_have_names(folder: Path) -> None:
    path = folder / "red/00.png"
    found = of([path, path.read_bytes()])
    assert found.names == (str(path), "1") and found.read("1") == found.read(str(path))
    assert len(set(of([path, path]).names)) == 2


def test_a_data_set_of_the_hub_is_fetched_once_and_no_larger_than_wished(
    folder: Path, hub: Hub, tmp_path: Path
) -> None:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("0[0-2].png")}
    files["red/LOUD.PNG"] = files.pop("red/00.png")
    table = {"red/metadata.jsonl": b'{"file_name": "LOUD.PNG", "label": "red"}'}
    hub.repos["datasets/us-er/pic.tures"] = files | table | {"README.md": b"# Card", "data/train.parquet": b"rows"}

    client = partial(clients.run, clients.fetch, home=tmp_path, HF_ENDPOINT=hub.url)
    size = sum(map(len, (files | table).values()))
    assert "has 0 MB of pictures" in str(client(("us-er/pic.tures", size - 1)))
    assert not any("/resolve/" in request and request.startswith("GET") for request in hub.requests)
    [found] = client(("us-er/pic.tures", size))
    labels = ["red" if name == "red/LOUD.PNG" else "" for name in sorted(files)]
    assert found == {"names": sorted(files), "labels": labels, "size": sum(map(len, files.values()))}
    assert not any("parquet" in request for request in hub.requests), "only pictures and tables are fetched"
    asked = len(hub.requests)
    again = client(("us-er/pic.tures", None), ("us-er/pic.tures", size), HF_HUB_OFFLINE="1")
    assert again == [found, found] and len(hub.requests) == asked
    unknown = client(*((repo, None) for repo in ("us-er/none", "us-er", "../etc")))
    assert all("Hub" in answer["error"] for answer in unknown)
