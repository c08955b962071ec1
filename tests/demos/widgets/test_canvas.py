"""The canvas in a real browser: strokes come while they are drawn, by mouse, finger and keys."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from demos.widgets.canvas import canvas


@dataclass
class Received:
    """What a page's handler was given, and when."""

    url: str = ""
    seconds: float = 0.0  # that it takes to answer
    drawings: list[list[list[list[float]]]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def received() -> Iterator[Received]:
    """A page with nothing but the canvas and the number of points."""
    received = Received()

    def take(drawing: list[list[list[float]]]) -> str:
        received.drawings.append(drawing)
        received.times.append(time.monotonic())
        time.sleep(received.seconds)
        return json.dumps([len(stroke) for stroke in drawing])

    with gr.Blocks() as page:
        drawn = canvas("Draw here", elem_id="draw")
        counts = gr.Textbox(elem_id="counts", label="points")
        drawn.input(take, drawn, counts, trigger_mode="always_last", show_progress="hidden", queue=False)
    _, received.url, _ = page.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True)
    yield received
    page.close()


@pytest.fixture
def page(browser: Browser, received: Received) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    failures: list[str] = []
    opened.on("pageerror", lambda error: failures.append(str(error)))
    opened.route("**/*", lambda route: route.continue_() if "//127.0.0.1" in route.request.url else route.abort())
    opened.goto(received.url)
    expect(opened.locator("#draw canvas")).to_have_attribute("width", re.compile(r"\d"))  # its script has begun
    opened.locator("#draw canvas").hover(trial=True)  # gradio's cover has gone
    received.drawings.clear()
    received.times.clear()
    yield opened
    opened.close()
    assert not failures


def counts(page: Page) -> Any:
    return page.locator("#counts textarea")


def spot(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place on the canvas in pixels of the page."""
    box = page.locator("#draw canvas").bounding_box()
    assert box and abs(box["width"] - box["height"]) < 1
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def stroke(page: Page, points: list[tuple[float, float]], pause: float = 0.0) -> None:
    page.mouse.move(*spot(page, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*spot(page, *point), steps=4)
        page.wait_for_timeout(1000 * pause)
    page.mouse.up()


def test_strokes_come_while_they_are_drawn(page: Page, received: Received) -> None:
    expect(page.locator("#draw .hint")).to_be_visible()
    page.mouse.move(*spot(page, 0.2, 0.2))
    page.mouse.down()
    for step in range(40):
        page.mouse.move(*spot(page, 0.2 + 0.015 * step, 0.2 + 0.01 * step))
        page.wait_for_timeout(50)
    during = len(received.times)
    seconds = received.times[-1] - received.times[0]
    assert during >= 5 and during / seconds < 13, "not ten times a second"
    expect(page.locator("#draw .hint")).to_be_hidden()
    page.mouse.up()
    expect(counts(page)).to_have_value("[40]")
    first, last = received.drawings[-1][0][0], received.drawings[-1][0][-1]
    assert first == pytest.approx([0.2, 0.2], abs=0.005) and last == pytest.approx([0.785, 0.59], abs=0.005)
    assert [len(drawing[0]) for drawing in received.drawings] == sorted(len(d[0]) for d in received.drawings)


def test_undo_and_clear(page: Page, received: Received) -> None:
    stroke(page, [(0.2, 0.2), (0.8, 0.2)])
    stroke(page, [(0.2, 0.5), (0.8, 0.5)])
    stroke(page, [(0.2, 0.8), (0.8, 0.8)])
    expect(counts(page)).to_have_value("[5, 5, 5]")
    page.get_by_role("button", name="Undo").click()
    expect(counts(page)).to_have_value("[5, 5]")
    assert [drawn[0][1] for drawn in received.drawings[-1]] == pytest.approx([0.2, 0.5], abs=0.005)
    page.get_by_role("button", name="Clear").click()
    expect(counts(page)).to_have_value("[]")
    expect(page.locator("#draw .hint")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#draw [role=status]")).to_have_text("There is nothing to undo.")


def test_the_last_change_counts_while_an_answer_is_awaited(page: Page, received: Received) -> None:
    received.seconds = 0.5
    stroke(page, [(0.2, 0.2), (0.8, 0.2)], pause=0.2)
    page.get_by_role("button", name="Clear").click()
    expect(counts(page)).to_have_value("[]")
    page.wait_for_timeout(1200)
    received.seconds = 0.0
    assert received.drawings[-1] == []


def test_a_drawing_that_was_overtaken_comes_again(page: Page, received: Received) -> None:
    def overtake(route: Route) -> None:
        """The server gets the empty drawing instead."""
        route.continue_(post_data=route.request.post_data_json | {"data": [[]]})

    page.clock.install()
    page.clock.pause_at(time.time() + 1)
    page.route("**/run/predict*", overtake)
    stroke(page, [(0.2, 0.2), (0.8, 0.2)])
    page.clock.run_for(200)
    expect(counts(page)).to_have_value("[]")
    page.unroute("**/run/predict*")
    page.clock.run_for(600)
    expect(counts(page)).to_have_value("[5]")


def test_the_keyboard_draws(page: Page, received: Received) -> None:
    page.locator("#draw canvas").focus()
    for key in ("ArrowUp", " ", *["ArrowRight"] * 5, "ArrowDown", " ", "ArrowDown", " ", "Shift+ArrowLeft", " "):
        page.keyboard.press(key)
    expect(counts(page)).to_have_value("[7, 2]")
    first, second = received.drawings[-1]
    assert first[0] == pytest.approx([0.5, 0.48]) and first[-1] == pytest.approx([0.6, 0.5])
    assert second == [pytest.approx([0.6, 0.52]), pytest.approx([0.52, 0.52])]
    page.keyboard.press("Control+z")
    expect(counts(page)).to_have_value("[7]")
    page.keyboard.press("Delete")
    expect(counts(page)).to_have_value("[]")


def test_a_finger_draws_and_the_page_does_not_scroll(page: Page, received: Received) -> None:
    touch = page.context.new_cdp_session(page)

    def finger(kind: str, *point: float) -> None:
        points = [dict(zip("xy", spot(page, *point), strict=True))] if point else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", 0.5, 0.9)
    for step in range(1, 9):
        finger("touchMove", 0.5, 0.9 - 0.1 * step)
    finger("touchEnd")
    expect(counts(page)).to_have_value("[9]")
    assert page.evaluate("scrollY") == 0
    page.touchscreen.tap(*spot(page, 0.3, 0.3))
    expect(counts(page)).to_have_value("[9, 1]")


def test_a_stroke_that_leaves_the_canvas_stays_within(page: Page, received: Received) -> None:
    stroke(page, [(0.5, 0.5), (0.5, -0.3), (1.4, -0.3), (0.9, 0.5)])
    expect(counts(page)).not_to_have_value("")
    page.wait_for_timeout(300)
    [drawn] = received.drawings[-1]
    assert all(0 <= value <= 1 for point in drawn for value in point) and drawn[-1] == pytest.approx(
        [0.9, 0.5], abs=0.01
    )


def test_the_drawing_is_seen_and_survives_another_size(page: Page) -> None:
    stroke(page, [(0.2, 0.5), (0.8, 0.5)])
    inked = "c => c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data[3]"
    assert page.locator("#draw canvas").evaluate(inked) > 200
    page.set_viewport_size({"width": 320, "height": 700})
    page.wait_for_timeout(300)
    assert page.locator("#draw canvas").evaluate(inked) > 200
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
