"""The language models of words: `python -m training.language` writes english.npz and persian.npz of zoo/decoding.

They are counted over the words that pictures are drawn with for training; those held out for tests are not among them.
"""

from collections.abc import Collection
from string import ascii_lowercase

from training.data.persian import LETTERS, other_words
from training.data.texts import persian_texts
from training.data.texts.english import WORDS, dictionary
from zoo.decoding import ngram
from zoo.decoding.ngram import ENGLISH, PERSIAN, NGram
from zoo.text.normalise import folded

ORDER = 6


def english(without: Collection[str] = ()) -> NGram:
    """The model, without some words by which it shall be judged; all of it where no word list is installed."""
    try:
        words = dictionary(False)
    except FileNotFoundError:
        return ngram.english()
    left = {word.lower() for word in without} - set(WORDS)
    return NGram.of([word for word in (*words, *WORDS) if word not in left], ascii_lowercase, ORDER)


def persian() -> NGram:
    """The model of Persian words, spelled as readers spell them."""
    alphabet = "".join(dict.fromkeys(folded(LETTERS + persian_texts.JOINT)))
    words = map(folded, (*persian_texts.dictionary(False), *other_words()))
    return NGram.of([word for word in words if set(word) <= set(alphabet)], alphabet, ORDER)


if __name__ == "__main__":
    english().save(ENGLISH)
    persian().save(PERSIAN)
