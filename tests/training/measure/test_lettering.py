"""What letters are measured by: perfect ones, wrong ones, doubtful ones; and how Tesseract's words become a letter."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks import letters as benchmark
from training.data import letters
from training.measure import lettering
from zoo.letter.finder import FIELDS
from zoo.letter.result import MEANING, Field, Letter
from zoo.letter.values import Value
from zoo.readers.page import Line, Page

Objects = list[dict[str, Any]]


def perfect(objects: Objects) -> Letter:
    fields = []
    for name in FIELDS:
        own = next((one for one in objects if one["kind"] == name), None)
        label = any(one["kind"] == f"{name} label" for one in objects)
        if own:
            fields.append(Field(name, MEANING[name](own["text"]), "ok", 1.0, np.array(own["box"], np.float32)))
        else:
            fields.append(Field(name, Value("", ""), "empty" if label else "missing"))
    body = [Line(text, 1.0, np.zeros((4, 2), np.float32)) for text in lettering.body(objects).split("\n")]
    return Letter(tuple(fields), (Page(tuple(body), (0, 0)),))


@pytest.fixture(scope="module")
def pages() -> list[Objects]:
    return [json.loads(str(letters.draw(i, "test", "scan", 7, (100,))[1]["objects"])) for i in range(6)]


def values(read: list[Letter], pages: list[Objects]) -> dict[str, float]:
    return {row.measure: row.value for row in lettering.rates("letters", read, pages)}


def test_a_perfect_reader_has_perfect_rates(pages: list[Objects]) -> None:
    found = values([perfect(objects) for objects in pages], pages)
    assert found["field found"] == found["value exactly right"] == found["value not marked doubtful"] == 1
    assert found["wrong value not marked doubtful"] == found["CER of the body"] == 0


def test_wrong_values_count_unless_they_are_doubtful(pages: list[Objects]) -> None:
    read = [perfect(objects) for objects in pages]
    one = next(i for i, letter in enumerate(read) if letter["date"].status == "ok")
    date = replace(read[one]["date"], value=Value("1300/01/01", "1300/01/01"), box=np.zeros((4, 2), np.float32))
    count = sum(any(o["kind"] == f"{n} label" for o in objects) for objects in pages for n in lettering.MEASURED)
    for status, silent in (("ok", 1), ("doubtful", 0)):
        changed = tuple(replace(date, status=status) if f.name == "date" else f for f in read[one].fields)
        letter = replace(read[one], fields=changed, pages=(Page(read[one].lines[:-1], (0, 0)),))
        found = values([*read[:one], letter, *read[one + 1 :]], pages)
        assert found["value exactly right"] == pytest.approx(1 - 1 / count)
        assert found["wrong value not marked doubtful"] == pytest.approx(silent / count)
        assert found["date found"] < found["number found"] == 1 and found["CER of the body"] > 0


def test_tesseracts_words_are_paired_by_the_same_rules() -> None:
    head = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"
    words = [  # block, line, left, width, text: labels stand at the right, the values' words in any order
        (1, 1, 300, 60, "تاریخ:"), (1, 1, 150, 100, "۱۳۹۷/۱۰/۲۰"), (1, 2, 300, 60, "شماره:"),
        (1, 2, 200, 60, "12/5"), (1, 2, 5, 30, "far"), (1, 3, 300, 60, "پیوست"), (2, 1, 100, 60, "دوم"),
        (2, 1, 200, 60, "اول"),
    ]  # fmt: skip
    rows = [f"5\t1\t{b}\t1\t{n}\t1\t{left}\t{30 * n}\t{wide}\t20\t90\t{text}" for b, n, left, wide, text in words]
    letter = benchmark.paired("\n".join([head, *rows]))
    assert letter.date == "1397/10/20" and letter.number == "12/5" and letter.text == "اول دوم"
    assert letter["attachment"].status == "empty" and letter["title"].status == "missing"
    assert letter["date"].box is not None and letter["date"].box[0].tolist() == [150, 30]
