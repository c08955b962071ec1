"""Files of folders and zips; what a zip should not hold is refused by name."""

import multiprocessing
import os
import zipfile
from pathlib import Path

import pytest

import zoo
from zoo.images import files
from zoo.images.files import Files


def make_zip(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def test_a_folder_and_a_zip_hold_the_same(tmp_path: Path) -> None:
    content = {"b.txt": b"2", "a/c.txt": b"3", "a/.hidden": b"4", ".git/x": b"5"}
    for name, data in content.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)
    for found in (Files(tmp_path / "folder"), Files(make_zip(tmp_path / "z.zip", content))):
        assert found.names() == ["a/c.txt", "b.txt"]
        assert found.read("a/c.txt") == b"3" and not found.refused
        with pytest.raises(OSError, match="nothing"):
            found.read("nothing")


def test_what_leads_out_of_a_zip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    path = make_zip(
        tmp_path / "z.zip",
        {
            "good.png": b"1",
            "../up.png": b"2",
            "/root.png": b"3",
            "a/../../b.png": b"4",
            "C:/x.png": b"",
            "b": b"0" * 1001,
        },
    )
    link = zipfile.ZipInfo("link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    found = Files(path)
    assert found.names() == ["good.png"]
    assert found.refused["link.png"] == "it is a link" and "larger" in found.refused["b"]
    assert {name for name, why in found.refused.items() if "leads out" in why} == {
        "../up.png",
        "/root.png",
        "a/../../b.png",
        "C:/x.png",
    }
    for name in found.refused:
        with pytest.raises(zoo.InputError, match="link|larger|leads out"):
            found.read(name)


def test_what_is_no_folder_or_zip_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    for path, why in ((tmp_path / "text", "neither"), (tmp_path / "nothing", "not exist")):
        with pytest.raises(zoo.InputError, match=why):
            Files(path)


def test_a_damaged_zip_is_said(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "z.zip", {"a.png": b"some bytes that are packed" * 50})
    data = bytearray(path.read_bytes())
    data[45:60] = b"\xff" * 15
    path.write_bytes(data)
    with pytest.raises(zoo.InputError, match=r"a\.png: it is damaged"):
        Files(path).read("a.png")


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_file_that_cannot_be_unpacked_is_said(tmp_path: Path, packing: int) -> None:
    path, content, said = tmp_path / "z.zip", b"some bytes that are packed" * 50, 0
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("a.png", content)
    data = path.read_bytes()
    start = 30 + len("a.png")  # of what is packed
    for at in range(start, start + 24):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :])
        try:
            assert Files(path).read("a.png") == content
        except zoo.InputError as error:
            assert str(error).startswith("a.png: it is damaged")
            said += 1
    assert said > 10


def test_a_damaged_table_of_contents_is_said(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "z.zip", {"a.png": b"1"})
    data = path.read_bytes()
    entry = data.index(b"PK\1\2")
    no_utf8 = b"\x08" + data[entry + 10 : entry + 46] + b"\xff"
    for at, bad in ((entry, b"xx"), (entry + 6, b"\xff"), (entry + 9, no_utf8)):  # the second: a version yet to come
        path.write_bytes(data[:at] + bad + data[at + len(bad) :])
        with pytest.raises(zoo.InputError, match="is a damaged zip or an unknown kind"):
            Files(path).names()


def test_odd_names_do_no_harm(tmp_path: Path) -> None:
    assert Files(make_zip(tmp_path / "z.zip", {".": b"", "a.png": b"1"})).names() == [".", "a.png"]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / os.fsdecode(b"caf\xe9.png")).write_bytes(b"1")
    found = Files(tmp_path / "folder")
    [name] = found.names()
    assert name.encode() == rb"caf\udce9.png" and found.read(name) == b"1"


def test_forked_readers_of_a_zip_do_not_disturb_each_other(tmp_path: Path) -> None:
    content = {f"{i}.txt": bytes([i]) * 5000 for i in range(60)}
    found = Files(make_zip(tmp_path / "z.zip", content))
    assert found.read("0.txt") == content["0.txt"]  # the handle is open before the fork
    fork = multiprocessing.get_context("fork")
    readers = [fork.Process(target=_read_all, args=(found, content)) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(60)
    assert [reader.exitcode for reader in readers] == [0] * 4


def _read_all(found: Files, content: dict[str, bytes]) -> None:
    for _ in range(20):
        assert {name: found.read(name) for name in content} == content
