import html.parser

import gradio as gr
import pytest
from PIL import Image

from demos.widgets import answers
from zoo.errors import InputError
from zoo.readers.prediction import Prediction


class Texts(html.parser.HTMLParser):
    """The texts of HTML, each with the class of the element that it stands in, and all style attributes."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.styles: list[str] = []
        self._within: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self._within.append(known.get("class") or "")
        self.styles += [known["style"] or ""] if "style" in known else []

    def handle_endtag(self, tag: str) -> None:
        self._within.pop()

    def handle_data(self, data: str) -> None:
        self.found.append((self._within[-1], data))


def test_bars_are_the_alternatives_best_on_top() -> None:
    shown = Texts(answers.bars((("word", 0.9), ("<b>", 0.06), ("", 0.004))))
    assert [text for name, text in shown.found if name == "text"] == ["word", "<b>", "(nothing)"]
    assert [text for name, text in shown.found if name == "share"] == ["90 %", "6 %", "<1 %"]
    assert shown.styles == ["width: 90.00%", "width: 6.00%", "width: 0.40%"]


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [("ok", "a<b", "Sure: 80 %"), ("unsure", "a<b", "Not sure: 80 %"), ("empty", "—", "Nothing to read")],
)
def test_an_answer_says_what_was_read_and_how_sure_it_is(status: str, text: str, words: str) -> None:
    shown = Texts(answers.answer(Prediction("a<b", 0.8, (("a<b", 0.8),), (), status), 3.14))
    assert ("reading", text) in shown.found
    assert any(name == "verdict" and said.startswith(words) for name, said in shown.found)
    assert ("took", "read in 3.1 ms") in shown.found


def test_maps_have_a_name_for_those_who_cannot_see_them() -> None:
    shown = answers.heat_maps([(Image.new("RGB", (8, 4)), '"'), (Image.new("RGB", (8, 4)), "b")])
    assert shown.count("<img") == 2 and shown.count('alt="Heat map: where the network looked for ') == 2
    assert "for &quot;" in shown and 'width="8" height="4"' in shown
    assert "nothing to show" in answers.heat_maps([])


def test_an_error_of_a_user_is_one_sentence_on_the_page_and_for_programs() -> None:
    def refuse(picture: str) -> str:
        """Refuses."""
        raise InputError(f"{picture} < 1; draw more.")

    shown = answers.on_error(lambda message: f"{message}!")(refuse)
    assert shown("a") == '<p class="problem" role="alert">a &lt; 1; draw more.</p>!'
    endpoint = answers.endpoint()(refuse)
    assert endpoint.__doc__ == "Refuses."
    with pytest.raises(gr.Error, match="^'a < 1; draw more.'$") as error:
        endpoint("a")
    assert not error.value.print_exception
