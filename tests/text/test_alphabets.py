import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.text.alphabets import ALIKE, ALPHANUMERIC, CharTokenizer, alike

TOKENS = CharTokenizer(ALPHANUMERIC)


@given(st.text(ALPHANUMERIC, max_size=20))
def test_decode_undoes_encode(text: str) -> None:
    tokens = TOKENS.encode(text)
    assert tokens[-1] == TOKENS.eos
    assert all(token < len(TOKENS) for token in tokens)
    assert TOKENS.decode([*tokens, 5, TOKENS.pad]) == text


def test_a_batch_is_padded_after_the_end() -> None:
    batch = TOKENS.batch(["a", "abc", ""])
    assert batch.shape == (3, 4)
    assert [TOKENS.decode(row) for row in batch] == ["a", "abc", ""]
    assert (batch[0, 2:] == TOKENS.pad).all()


def test_a_foreign_character_is_named() -> None:
    with pytest.raises(ValueError, match="'é'"):
        TOKENS.encode("café")


def test_an_alphabet_names_a_character_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        CharTokenizer("abca")


def test_a_character_is_alike_to_its_whole_group_and_else_to_itself() -> None:
    assert {c: alike(c) for c in "0O1IL2Z5S"} == {c: group for group in ALIKE for c in group}
    assert all(alike(c) == c for c in ALPHANUMERIC if c not in "0O1IL2Z5S")
