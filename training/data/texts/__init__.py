"""Texts that are drawn: English and Persian words, and what letters say."""

import numpy as np


def one_of(rng: np.random.Generator, choices: str | tuple[str, ...]) -> str:
    """One of the choices, each as likely."""
    return choices[int(rng.integers(len(choices)))]
