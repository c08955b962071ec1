"""The Memorisation tab in a real browser: what was found, and pictures to open."""

import pytest
from playwright.sync_api import expect

from demos.studies import memorization as tab
from demos.widgets import plots
from tests.demos.conftest import Visit, at_each_width


def test_a_picture_tells_what_was_learned_instead(memorization_tab: Visit) -> None:
    study = plots.results(tab.NAME)
    assert study is not None
    page = memorization_tab()
    part = page.locator("#memorization")
    expect(part.locator(".chart .js-plotly-plot")).to_be_visible()
    for kind in study["kinds"]:
        expect(part).to_contain_text(kind["name"])
    cards = part.locator(".kept li")
    expect(cards).to_have_count(len(study["pictures"]))
    one, card = study["pictures"][-1], cards.last
    card.locator("summary").click()
    expect(card).to_contain_text(f"printed {one['printed']}")
    expect(card).to_contain_text(f"given {one['label']}")
    expect(card).to_contain_text(f"answers {one['read']}")
    tile = card.locator(".tile")
    assert tile.evaluate("tile => getComputedStyle(tile).backgroundImage").startswith('url("data:image/webp')
    assert len(list(at_each_width(page))) == 2


def test_what_the_page_says_is_what_was_found() -> None:
    """All are learned by heart; but for the true labels, what is right elsewhere is what guessing is, one in 100."""
    study = plots.results(tab.NAME)
    assert study is not None
    true, shuffled, noise = study["kinds"]
    assert all(kind["train"]["accuracy"] >= 0.99 for kind in study["kinds"])
    assert true["test"]["accuracy"] > 0.85
    assert all(kind["test"]["interval"][0] < 0.01 < kind["test"]["interval"][1] for kind in (shuffled, noise))
    for kind in study["kinds"]:
        assert kind["history"]["accuracy/validation"][-1] == pytest.approx(kind["test"]["accuracy"], abs=0.01)
    assert all(one["printed"] != one["label"] for one in study["pictures"])
    assert sum(one["read"] == one["label"] for one in study["pictures"]) >= 0.95 * len(study["pictures"])
