"""The Letters tab in a real browser: scans become a table, a field is zoomed to, a correction stays."""

import csv
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.demos.conftest import Visit, paper_of, scrolls_sideways
from training.data import letters
from zoo.letter.finder import FIELDS
from zoo.text.normalise import ascii_digits


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, dict[str, str]]:
    """Two scanned letters, and what stands in their fields."""
    folder, found = tmp_path_factory.mktemp("scans"), {}
    for index in (3, 4):
        picture, row = letters.draw(index, "train", "scan", 9, (150,))
        picture.save(path := folder / f"letter-{index}.jpg", quality=90)
        found[path] = {one["kind"]: one["text"] for one in json.loads(str(row["objects"])) if one["kind"] in FIELDS}
    return found


def give(page: Page, scans: dict[Path, dict[str, str]]) -> None:
    page.locator("#letters-files input[type=file]").set_input_files([str(path) for path in scans])
    expect(page.locator("#letters-table [data-path]")).to_have_count(len(scans), timeout=90_000)


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_scans_become_a_table_and_a_letter_with_its_fields(
    letters_tab: Visit, scans: dict[Path, dict[str, str]], tmp_path: Path, width: int, theme: str
) -> None:
    page = letters_tab(width, theme)
    give(page, scans)
    one, (path, true) = page.locator("#letters-one"), next(iter(scans.items()))
    expect(one.locator("h3")).to_have_text(path.name)
    for name, text in true.items():
        expect(one.locator(f"input[name={name}]")).to_have_value(text)
    date = one.locator("tr", has=page.locator("input[name=date]"))
    svg = one.locator("svg[data-page='0']")
    seen = svg.locator("polygon.ok").evaluate_all("marks => marks.map(mark => getComputedStyle(mark).stroke)")
    assert seen and set(seen) == {"rgb(22, 163, 74)"}, "what was found is drawn over the page"
    whole = svg.get_attribute("viewBox")
    date.locator("th").click()
    assert svg.get_attribute("viewBox") == date.get_attribute("data-box") != whole
    date.locator("th").click()
    assert svg.get_attribute("viewBox") == whole
    assert not scrolls_sideways(page)
    paper_of(page, theme, tmp_path / "letters.png")


def test_words_are_found_whichever_digits_are_typed(letters_tab: Visit, scans: dict[Path, dict[str, str]]) -> None:
    page = letters_tab()
    give(page, scans)
    (first, _), (second, true) = scans.items()
    page.locator("#letters-search textarea, #letters-search input").first.fill(ascii_digits(true["number"]))
    table = page.locator("#letters-table")
    expect(table).not_to_contain_text(first.name)
    expect(table).to_contain_text(second.name)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    with Path(waiting.value.path()).open(encoding="utf-8-sig", newline="") as file:
        assert [row["number"] for row in csv.DictReader(file)] == [ascii_digits(true["number"])]


def test_a_correction_is_kept(letters_tab: Visit, scans: dict[Path, dict[str, str]]) -> None:
    page = letters_tab()
    give(page, scans)
    one = page.locator("#letters-one")
    number = one.locator("input[name=number]")
    number.fill("۱۲/۳۴۵")
    number.press("Enter")
    expect(page.locator("#letters-table")).to_contain_text("12/345")
    expect(one.locator("tr", has=page.locator("input[name=number]"))).to_contain_text("corrected")
    other = page.locator("#letters-table [data-path]").nth(1)
    other.click()
    expect(one.locator("h3")).to_have_text(str(other.get_attribute("data-path")))
    page.locator("#letters-table [data-path]").first.click()
    expect(number).to_have_value("۱۲/۳۴۵")


def test_a_damaged_file_is_a_sentence_in_the_table(
    letters_tab: Visit, scans: dict[Path, dict[str, str]], tmp_path: Path
) -> None:
    (damaged := tmp_path / "damaged.pdf").write_bytes(b"%PDF-1.4 nothing")
    page = letters_tab()
    give(page, {damaged: {}, next(iter(scans)): {}})
    row = page.locator("#letters-table [data-path='damaged.pdf']")
    expect(row.locator(".bad")).to_contain_text("damaged or cut short")
