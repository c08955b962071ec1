"""The language model of English words: `python -m training.language` writes zoo/english.npz.

It is counted over the words that captchas are drawn with for training; those held out for tests are not among them.
"""

from collections.abc import Collection
from string import ascii_lowercase

from training.data.texts import WORDS, dictionary
from zoo import language
from zoo.language import ENGLISH, NGram

ORDER = 6


def english(without: Collection[str] = ()) -> NGram:
    """The model, without some words by which it shall be judged; all of it where no word list is installed."""
    try:
        words = dictionary(False)
    except FileNotFoundError:
        return language.english()
    left = {word.lower() for word in without} - set(WORDS)
    return NGram.of([word for word in (*words, *WORDS) if word not in left], ascii_lowercase, ORDER)


if __name__ == "__main__":
    english().save(ENGLISH)
