"""The command line, in this process and, for what a shell sees, in one of its own."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import zoo
from tests.conftest import ROOT, new_home, write_crnn
from zoo.__main__ import main
from zoo.hub import catalog, store
from zoo.readers import page as pages


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLYPHZOO_HOME", str(new_home(tmp_path / "home")))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture with something on it."""
    path = tmp_path / "a picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 60, 3), np.uint8)).save(path)
    return path


@pytest.fixture
def known(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The tiny checkpoint as the only one of the catalog, bundled."""
    entry = catalog.Entry("tiny", "word-classification", "Left or right.", store.sha256(tiny / store.WEIGHTS))
    monkeypatch.setattr(catalog, "CATALOG", {"tiny": entry})
    monkeypatch.setattr(store, "CHECKPOINTS", tiny.parent)
    return "tiny"


def test_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["names"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == catalog.every() and set(zoo.names()) <= set(catalog.every())
    assert main(["names", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {"name": catalog.every()[0]} | {
        key: getattr(catalog.entry(catalog.every()[0]), key) for key in ("task", "summary")
    }


def test_read_prints_what_the_library_says(tiny: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [found] = zoo.load(tiny).read([picture])
    assert main(["read", str(tiny), str(picture)]) == 0
    assert capsys.readouterr().out == f"{picture}\t{found.text}\t{found.confidence:.1%}\t{found.status}\n"
    assert main(["read", str(tiny), str(picture), "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["file"] == str(picture) and row["text"] == found.text and row["label"] == found.label
    assert row["status"] == found.status and row["confidence"] == pytest.approx(found.confidence)
    assert [text for text, _ in row["alternatives"]] == [text for text, _ in found.alternatives]


def test_a_reader_of_words_reads_whole_pages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SHORT", 300)  # three times as fast
    folder = write_crnn(tmp_path / "tiny-words", "ab ", 12)
    page, crop = Image.new("RGB", (600, 300), "white"), Image.new("RGB", (120, 40), "white")
    for picture, texts in ((page, {"Hello world": (40, 40), "Second line": (40, 180)}), (crop, {"One": (20, 0)})):
        for text, at in texts.items():
            ImageDraw.Draw(picture).text(at, text, "black", ImageFont.load_default(36))
        picture.save(tmp_path / f"{picture.width}.png")
    files = [str(tmp_path / "600.png"), str(tmp_path / "120.png")]
    assert main(["read", str(folder), *files, "--json"]) == 0
    many, one = json.loads(capsys.readouterr().out)
    assert many["text"].count("\n") == 1 and many["text"].split() == [text for _, text, _ in many["words"]]
    assert [len(corners) for corners, _, _ in many["words"]] == [4] * len(many["words"])
    assert 0 < many["confidence"] < min(share for *_, share in many["words"])
    assert one["alternatives"][0][0] == one["text"] and one["words"]
    assert main(["read", str(folder), *files]) == 0
    first, _ = capsys.readouterr().out.splitlines()
    assert " / " in first.split("\t")[1]
    assert main(["read", "persian-crnn", files[1], "--json"]) == 0
    [line] = json.loads(capsys.readouterr().out)
    assert line["text"] == " ".join(text for _, text, _ in line["words"])


def test_csv_and_json_keep_any_script(tiny: Path, picture: Path, tmp_path: Path) -> None:
    """Persian stays in logical order, letter by letter, whatever the console's own encoding is."""
    config = json.loads((tiny / store.CONFIG).read_text())
    config["glyphzoo"]["texts"] = texts = ["شماره", "۱۴۰۵-۹"]
    (tiny / store.CONFIG).write_text(json.dumps(config))
    named = picture.rename(tmp_path / "تاریخ, ۲.png")
    [found] = zoo.load(tiny).read([named])
    command = [sys.executable, "-m", "zoo", "read", str(tiny), str(named)]
    env = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONIOENCODING": "latin-1"}
    for flag, parse in (
        ("--csv", lambda out: next(csv.DictReader(io.StringIO(out)))),
        ("--json", lambda out: json.loads(out)[0]),
    ):
        done = subprocess.run([*command, flag], cwd=ROOT, env=env, capture_output=True, timeout=120, check=True)
        row = parse(done.stdout.decode())
        assert (row["file"], row["text"], row["label"]) == (str(named), found.text, found.label)
        assert row["text"] in texts and row["status"] == found.status
        assert float(row["confidence"]) == pytest.approx(found.confidence)


@pytest.mark.parametrize("flags", [[], ["--json"], ["--csv"]])
def test_a_bad_file_is_a_sentence_and_the_others_are_read(
    tiny: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    (tmp_path / "note.txt").write_text("no picture")
    bad = [str(tmp_path / "note.txt"), str(tmp_path / "absent.png"), str(tmp_path)]
    assert main(["read", str(tiny), bad[0], str(picture), *bad[1:], str(picture), *flags]) == 1
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == len(bad)
    for line, file in zip(err.splitlines(), bad, strict=True):
        assert line.startswith(f"{file}: ") and line.endswith(".")
    if flags == ["--json"]:
        assert [row["file"] for row in json.loads(out) if "text" in row] == [str(picture)] * 2
    elif flags:
        assert [row["file"] for row in csv.DictReader(io.StringIO(out))] == [str(picture)] * 2
    else:
        assert [line.split("\t")[0] for line in out.splitlines()] == [str(picture)] * 2


def test_names_that_are_no_utf8_are_printed(tiny: Path, picture: Path, tmp_path: Path) -> None:
    odd = picture.rename(tmp_path / os.fsdecode(b"caf\xe9.png"))
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(out):
        assert main(["read", str(tiny), str(odd)]) == main(["read", str(tiny), str(odd), "--json"]) == 0
    out.flush()
    assert out.buffer.getvalue().count(rb"caf\udce9.png") == 2


def test_an_unknown_checkpoint_is_a_sentence(picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["read", "captcha-resnet", str(picture)], ["verify", "captcha-resnet"]):
        assert main(command) == 1
        out, err = capsys.readouterr()
        assert not out and len(err.splitlines()) == 1 and "did you mean captcha-resnet18" in err


def test_verify(known: str, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = store.sha256(tiny / store.WEIGHTS)
    assert main(["verify"]) == 0
    assert capsys.readouterr().out == f"tiny\tok\t{digest}\t{tiny}\n"
    assert main(["verify", known, "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row == {"name": "tiny", "folder": str(tiny), "expected": digest, "actual": digest, "ok": True}


def test_verify_finds_damage(known: str, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = (tiny / store.WEIGHTS).read_bytes()
    (tiny / store.WEIGHTS).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))  # still loads, with one weight wrong
    assert main(["verify", "--json"]) == 1
    out, err = capsys.readouterr()
    [row] = json.loads(out)
    assert not row["ok"] and row["actual"] != row["expected"]
    assert row["error"] in err and "SHA-256" in err


def test_verify_loads_strictly(known: str, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = json.loads((tiny / store.CONFIG).read_text())
    config["num_classes"] = config["pretrained_cfg"]["num_classes"] = 3
    config["label_names"].append("up")
    (tiny / store.CONFIG).write_text(json.dumps(config))
    assert main(["verify"]) == 1
    out, err = capsys.readouterr()
    assert not out and err.startswith("tiny: ") and "fc.weight" in err


def test_as_a_shell_sees_it(tiny: Path, picture: Path, tmp_path: Path) -> None:
    """Nothing but JSON on stdout, even while the network is exported for the first time; sentences on stderr."""
    missing = str(tmp_path / "absent.png")
    done = subprocess.run(
        [sys.executable, "-m", "zoo", "read", str(tiny), str(picture), missing, "--json"],
        cwd=ROOT,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 1
    first, second = json.loads(done.stdout)
    assert first["text"] in ("left", "right") and second["file"] == missing
    assert "Traceback" not in done.stderr and f"{missing}: {second['error']}" in done.stderr.splitlines()
