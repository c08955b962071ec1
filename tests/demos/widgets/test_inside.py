"""What the layers make of a picture, and a convolution of one's own, in a real browser on both tabs."""

import numpy as np
from playwright.sync_api import expect

from benchmarks.canvas import replay
from demos.tabs import captcha
from tests.demos.conftest import Visit, at_each_width, shown_in

expect.set_options(timeout=60_000)
SEVEN = [[(0.2, 0.2), (0.8, 0.2), (0.4, 0.9)]]
BAR = [[(0.5, 0.1), (0.5, 0.9)]]


def test_layers_and_channels_of_a_drawing_are_shown(draw_tab: Visit) -> None:
    page, inside = draw_tab(), "#glyph-inside"
    page.get_by_role("button", name="Look inside").last.click()
    expect(page.locator(f"{inside} .prose.mean")).to_contain_text("There is no picture yet")
    replay(page, SEVEN)
    expect(page.locator(f"{inside} .prose.mean figcaption")).to_have_text("The mean of all 320 channels of blocks.6")
    expect(page.locator(f"{inside} .prose.chosen figcaption")).to_contain_text("Channel 0 of blocks.6")
    page.get_by_label("Layer").click()
    page.get_by_role("option", name="blocks.1", exact=True).click()
    expect(page.locator(f"{inside} .prose.chosen figcaption")).to_have_text(
        "Channel 0 of blocks.1, which sees 14 × 14 places"
    )
    first = shown_in(page.locator(f"{inside} .prose.chosen"))
    page.locator(f"{inside} .channel input[type=number]").fill("5")
    expect(page.locator(f"{inside} .prose.chosen figcaption")).to_contain_text("Channel 5 of blocks.1")
    assert np.abs(shown_in(page.locator(f"{inside} .prose.chosen")) - first).max() > 20
    assert len(list(at_each_width(page))) == 2
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(f"{inside} .prose.mean")).to_contain_text("There is no picture yet")


def test_a_kernel_slides_over_the_drawing(draw_tab: Visit) -> None:
    page, inside = draw_tab(), "#glyph-inside"
    page.get_by_role("button", name="Look inside").last.click()
    replay(page, BAR)
    expect(page.locator(f"{inside} .prose.convolved figcaption")).to_contain_text("white positive")
    standing = shown_in(page.locator(f"{inside} .prose.convolved"))
    assert standing.min() == 0 and standing.max() == 255, "a standing bar has two standing edges"
    page.get_by_label("Kernel").click()
    page.get_by_role("option", name="blur").click()
    expect(page.locator(f"{inside} .prose.convolved figcaption")).to_have_text("The picture under the kernel")
    numbers = page.locator(f"{inside} .kernel input")
    expect(numbers).to_have_count(9)
    expect(numbers.nth(4)).to_have_value("0.111")
    for place in range(9):
        numbers.nth(place).fill("0")
    expect(page.get_by_label("Kernel")).to_have_value("my own")
    expect(page.locator(f"{inside} .prose.convolved figcaption")).to_contain_text("Grey is nothing")
    page.wait_for_timeout(500)
    assert np.ptp(shown_in(page.locator(f"{inside} .prose.convolved"))) == 0
    numbers.nth(4).fill("")
    expect(page.locator(f"{inside} .prose.convolved .problem")).to_contain_text("A kernel is nine numbers")
    numbers.nth(4).fill("1")
    expect(page.locator(f"{inside} .prose.convolved .problem")).to_have_count(0)
    assert shown_in(page.locator(f"{inside} .prose.convolved")).max() == 255, "the drawing itself"


def test_both_readers_of_captchas_can_be_looked_into(visit: Visit) -> None:
    page, inside = visit(), "#captcha-inside"
    page.locator("#captcha-examples button").first.click()
    page.get_by_role("button", name="Look inside").first.click()
    expect(page.locator(f"{inside} .prose.mean figcaption")).to_have_text("The mean of all 512 channels of layer4")
    page.locator(inside).get_by_label(captcha.NETWORKS[1].title).check()
    expect(page.locator(f"{inside} .prose.mean figcaption")).to_have_text(
        "The mean of all 256 channels of encoder.blocks.5"
    )
