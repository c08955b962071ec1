"""How each classifier does, as its tab shows it: what it takes for what, its worst answers, its training."""

import pytest
from playwright.sync_api import expect

import zoo
from demos.widgets import plots
from tests.demos.conftest import Visit, at_each_width

TABS = {"visit": "captcha-resnet18", "draw_tab": "glyph-efficientnet", "persian_tab": "persian-resnet34"}


@pytest.mark.browser
@pytest.mark.parametrize("tab", [tab for tab, name in TABS.items() if name in zoo.names()])
def test_cells_and_worst_answers_show_their_pictures(request: pytest.FixtureRequest, tab: str) -> None:
    name, visit = TABS[tab], request.getfixturevalue(tab)
    assert isinstance(visit, Visit)
    found = plots.results(name, "view.json")
    assert found is not None
    height, across = found["tile"]
    page = visit()
    part = page.locator(f"#{name}-evaluation")
    part.get_by_role("button").first.click()
    expect(part).to_contain_text(found["data"])

    def place(tile: int) -> str:
        return f"{-across * (tile % 32) or 0}px {-height * (tile // 32) or 0}px"

    cards = part.locator(".worst li")
    expect(cards).to_have_count(len(found["worst"]))
    losses = [answer["loss"] for answer in found["worst"]]
    assert losses == sorted(losses, reverse=True)
    for card, answer in zip(cards.all(), found["worst"], strict=True):
        expect(card).to_contain_text(f"is {found['classes'][answer['true']]}")
        expect(card).to_contain_text(f"loss {answer['loss']:.2f}")
        tile = card.locator(".tile")
        assert tile.evaluate("tile => getComputedStyle(tile).backgroundPosition") == place(answer["tile"])
        assert tile.evaluate("tile => getComputedStyle(tile).backgroundImage").startswith('url("data:image/webp')
    pair = found["pairs"][0]
    tiles = [e["tile"] for e in found["errors"] if (e["true"], e["read"]) == (pair["true"], pair["read"])]
    page.mouse.move(1, 1)  # else it would point at a cell once the page has scrolled
    part.locator(f'[data-tiles="{" ".join(map(str, tiles))}"]').first.focus()
    true, read = (found["classes"][pair[which]] for which in ("true", "read"))
    expect(part.locator(".cell")).to_contain_text(f"{true} read as {read}: {pair['count']} of ")
    expect(part.locator(".errors .tile")).to_have_count(len(tiles))
    assert len(list(at_each_width(page))) == 2


def test_the_phases_of_a_training_are_told_apart(persian_tab: Visit) -> None:
    """Its curves, frozen and whole, and what the finder of a learning rate tried in each."""
    found = plots.results("persian-resnet34", "view.json")
    assert found is not None
    phases = ["small-frozen", "small", "frozen", "whole", "small", "whole"]
    assert [name.partition("-")[2] for name in found["history"]] == phases
    page = persian_tab()
    part = page.locator("#persian-resnet34-evaluation")
    part.get_by_role("button").first.click()
    expect(part.locator(".chart .js-plotly-plot")).to_have_count(3)
    for phase, told in found["history"].items():
        expect(part.locator(".chart").first).to_contain_text(phase)
        assert len(told["epoch"]) >= 1
        if finder := told.get("finder"):
            expect(part.locator(".chart").last).to_contain_text(phase)
            assert finder["rates"][0] < finder["taken"] < finder["rates"][-1]
    assert sum("finder" in told for told in found["history"].values()) == 4
