"""Every figure that the README states is one that was measured."""

import json
import re

import pytest

from tests.conftest import ROOT
from training.measure.report import Report
from zoo.hub import store

README = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
WORDS, UNSEEN = ("test-words", "word accuracy"), ("test-unseen-words", "word accuracy")
TIME = "test-words", "ms an image on one core, median"

# What stands there, {} for a figure: {p} a share in percent, {i} one with its interval, {m} milliseconds, in their
# order; of which checkpoint; and for each figure the set, the measure and, of a peer, its name.
STATED: list[tuple[str, str, list[tuple[str, ...]]]] = [
    (
        "which of 100 English words | 22.5 MB | {i} | – | {m} |",
        "captcha-resnet18",
        [WORDS, (*TIME, "captcha-resnet18")],
    ),
    ("letters and digits | 8.8 MB | {i} | {i} | {m} |", "captcha-seq2seq", [WORDS, UNSEEN, (*TIME, "captcha-seq2seq")]),
    *(
        (
            f"{peer} {version}, for comparison | | | {{i}} | {{i}} | {{m}} |",
            "captcha-seq2seq",
            [(*WORDS, peer), (*UNSEEN, peer), (*TIME, peer)],
        )
        for peer, version in (("RapidOCR", "1.4.4"), ("ddddocr", "1.6.1"), ("Tesseract", "5.3.0"))
    ),
    (
        "calls {p} % of its answers unsure; of 2,048 photos it is unsure in {p} %",
        "captcha-resnet18",
        [("test-unseen-words", "status unsure or empty"), ("photos", "status unsure or empty")],
    ),
    (
        "reads {p} % of a college login's (950), {p} % of Wilhelmy & Rosas' (150) and {p} % of wide, sparse ones (500)",
        "captcha-seq2seq",
        [(f"captcha-{style}-test", "word accuracy") for style in ("login", "five", "wide")],
    ),
    (
        "it read {p}, {p} and {p} % of them",
        "captcha-seq2seq",
        [(f"captcha-{style}-test", "word accuracy", "drawn captchas only") for style in ("login", "five", "wide")],
    ),
    (
        "it reads {i}, and {p} % where 0 and O, 1, I and L, 2 and Z, 5 and S count as one; of 1,000 scribbles and the "
        "like it is unsure in {p} %",
        "glyph-efficientnet",
        [
            ("glyph-test", "top-1 accuracy"),
            ("glyph-test", "accuracy, look-alikes merged"),
            ("glyph-test-nothing", "status unsure or empty"),
        ],
    ),
    (
        "it reads {i} of 3,600 crops, and as bad scans have them {i} of 3,600; of 900 digits, signs and words each "
        "Tesseract 5.3.0 with `fas` reads {p} and {p} %. Of 1,000 crops of none of its 18 classes it calls {i} other "
        "or is unsure, of 2,048 photos {p} %. Handwriting shows its limit: {i} of 4,000 digits (Hoda).",
        "persian-resnet34",
        [
            ("persian-test", "top-1 accuracy"),
            ("persian-test-scan", "top-1 accuracy"),
            ("persian-test", "word accuracy", "Tesseract"),
            ("persian-test-scan", "word accuracy", "Tesseract"),
            ("persian-test-nothing", "other, unsure or empty"),
            ("photos", "other, unsure or empty"),
            ("digits-hoda-test", "top-1 accuracy"),
        ],
    ),
    (
        "Of 2,067 words in scenes (IIIT5K) it reads {i} without a lexicon, in letters and digits and regardless of "
        "case; of 3,000 drawn words that it never learned, in unseen fonts and on unseen backgrounds, {i}; of 2,000 "
        "numbers, dates and sums drawn alike {i} to the last sign. Of 2,048 photos it is unsure in {p} %.",
        "word-crnn",
        [
            ("words-iiit5k-test", "word accuracy"),
            ("words-test", "word accuracy"),
            ("numbers-test", "word accuracy, case as drawn"),
            ("photos", "status unsure or empty"),
        ],
    ),
    (
        "Of the first 600 words in scenes it reads {p} % in {m} each on one core, RapidOCR 1.4.4 {p} % in {m}, "
        "Tesseract 5.3.0 {p} % in {m}.",
        "word-crnn",
        [
            ("words-iiit5k-test", measure, reader)
            for reader in ("word-crnn", "RapidOCR", "Tesseract")
            for measure in ("word accuracy", TIME[1])
        ],
    ),
    (
        "A classifier that is trained so reads {i} of its 10,100 test images",
        "captcha-resnet18",
        [("study", "word accuracy", "captcha-resnet18-study")],
    ),
    ("a sequence reader {i};", "captcha-seq2seq", [("study", "word accuracy", "captcha-seq2seq-study")]),
]


@pytest.mark.parametrize(("stated", "name", "keys"), STATED, ids=[stated[:30] for stated, *_ in STATED])
def test_what_the_readme_states_was_measured(stated: str, name: str, keys: list[tuple[str, ...]]) -> None:
    rows = Report(store.CHECKPOINTS / name).rows
    measured = iter([rows[key[0], key[1], "".join(key[2:])] for key in keys])

    def figure(kind: re.Match[str]) -> str:
        row = next(measured)
        share = f"{100 * row.value:.1f}"
        if kind[1] == "m":
            return f"{row.value:.{0 if row.value > 100 else 1}f} ms"
        if kind[1] == "p":
            return share
        assert row.interval
        low, high = (f"{100 * end:.1f}" for end in row.interval)
        return f"{share} % ({low}–{high})"

    assert re.sub(r"\{(\w)\}", figure, stated) in README
    assert next(measured, None) is None


def test_what_the_readme_says_of_the_persian_study_was_measured() -> None:
    path = ROOT / "demos" / "results" / "persian_study" / "study.json"
    models = json.loads(path.read_text(encoding="utf-8"))["models"]
    rows = {row["name"]: row for row in models if "from the same stage" not in row["detail"]}
    names = "ResNet-34", "ResNet-34, frozen", "ResNet-34 from scratch"
    whole, frozen, scratch = (
        f"{100 * row['accuracy']:.1f} % ({100 * row['interval'][0]:.1f}–{100 * row['interval'][1]:.1f})"
        for row in map(rows.__getitem__, names)
    )
    assert f"reads {whole} of 2,080 held-out crops, {frozen} while only its last layer learns" in README
    assert f"and from scratch {scratch}; the" in README


def test_what_the_readme_says_of_context_was_measured() -> None:
    path = ROOT / "demos" / "results" / "lstm_ablation" / "study.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["networks"]
    shares = [
        f"{100 * row['accuracy']:.1f} % ({'–'.join(f'{100 * end:.1f}' for end in row['interval'])})" for row in rows
    ]
    strokes = [f"{100 * row['strokes']:.1f}" for row in rows]
    assert (
        f"a CNN alone reads {shares[0]}, with an LSTM from the left {shares[1]}, with one both ways {shares[2]}; "
        f"i, I, l, 1, | and ! it takes for another of them in {strokes[0]}, {strokes[1]} and {strokes[2]} %"
    ) in README
