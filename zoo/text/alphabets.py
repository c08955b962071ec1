"""Alphabets and tokens: text to numbers and back."""

from collections.abc import Iterable, Sequence
from itertools import takewhile, zip_longest

import numpy as np

ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PRINTABLE = "".join(map(chr, range(32, 127)))  # ASCII, the space first
# Persian letters and signs of a line; no Latin letters. Digits of the Arabic shapes count as Persian ones.
PERSIAN = " آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیئءأؤۀ\N{ZERO WIDTH NON-JOINER}۰۱۲۳۴۵۶۷۸۹0123456789.،؛:؟!-/()«»_+*%٪"
ALIKE = ("0O", "1IL", "2Z", "5S")  # characters that nobody distinguishes for certain when one stands alone


def alike(character: str) -> str:
    """The group of ALIKE that a character belongs to; the character itself if it belongs to none.

    >>> alike("I")
    '1IL'
    >>> alike("A")
    'A'
    """
    return next((group for group in ALIKE if character in group), character)


class CharTokenizer:
    """One token per character, after `<pad>`, `<bos>` and `<eos>`.

    >>> tokens = CharTokenizer("ab")
    >>> tokens.encode("ba")
    [4, 3, 2]
    >>> tokens.decode([4, 3, 2, 0])
    'ba'
    """

    pad, bos, eos = 0, 1, 2
    special = ("<pad>", "<bos>", "<eos>")

    def __init__(self, alphabet: str) -> None:
        self.alphabet = alphabet
        self._number = {c: i for i, c in enumerate(alphabet, len(self.special))}
        if len(self._number) != len(alphabet):
            raise ValueError("the alphabet names a character twice")

    def __len__(self) -> int:
        """How many tokens there are, the special ones included."""
        return len(self.special) + len(self.alphabet)

    def encode(self, text: str) -> list[int]:
        """The text's tokens, closed by `<eos>`.

        Raises:
            ValueError: a character is not in the alphabet.
        """
        try:
            return [self._number[c] for c in text] + [self.eos]
        except KeyError as error:
            raise ValueError(f"{error.args[0]!r} of {text!r} is not in the alphabet") from error

    def decode(self, tokens: Iterable[int]) -> str:
        """The text up to the first `<eos>` or `<pad>`."""
        written = takewhile(lambda token: token not in (self.eos, self.pad), tokens)
        return "".join(self.alphabet[token - len(self.special)] for token in written)

    def batch(self, texts: Sequence[str]) -> np.ndarray:
        """Texts as int64 (n, longest + 1), each closed by `<eos>` and padded with `<pad>`."""
        columns = zip_longest(*map(self.encode, texts), fillvalue=self.pad)
        return np.array(list(columns), np.int64).T.copy()
