"""The model card: README.md of a checkpoint folder, written from evaluation.json and config.json, never by hand.

python -m training.measure.card FOLDER
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from training.data import options
from training.measure import card_pictures
from training.measure.report import Report, Row
from zoo.hub import catalog
from zoo.hub.store import CONFIG

DATA = {
    "test-words": "the 100 words in 15 unseen font families on unseen backgrounds",
    "test-unseen-words": "English words never trained on, same fonts and backgrounds",
    "test-nothing": "blank paper and noise",
    "glyph-test": "62 characters, ten unseen drawings of each by hand (Chars74K), in pens of three widths",
    "glyph-test-nothing": "empty canvases, scribbles and drawn scenes",
    "persian-test": "crops of 18 classes in 15 unseen Persian font families, clean (drawn data)",
    "persian-test-scan": "the same classes and families as bad scans have them (drawn data)",
    "persian-test-nothing": "Latin letters in unseen fonts, Chinese, and no text at all",
    "persian-study": "a random tenth of 20,808 crops, 1,156 of each class, all families on both sides (drawn data)",
    "digits-hoda-test": "handwritten Persian digits (Hoda; Khosravi & Kabir 2007), which it never learned",
    "words-test": "English words never trained on, drawn in unseen fonts on unseen backgrounds",
    "words-test-worn": "such words seen twice through a camera or a scanner",
    "numbers-test": "amounts, dates, times, phone and invoice numbers in unseen fonts (drawn)",
    "persian-lines-test": "lines of Persian letters, their numbers and dates, in unseen fonts, words too (drawn)",
    "letters-test": "whole letters in unseen layouts, letterheads and fonts, as a scanner sees them (drawn)",
    "letters-test-phone": "such letters as a phone sees them (drawn)",
    "signs-test": "whole pictures with several words of different sizes and slants (drawn)",
    "words-iiit5k-test": "words in scenes (IIIT5K; Mishra et al. 2012), 2,067 of its 3,000 test images",
    "photos": "Caltech-101 photos (Li et al., CC BY 4.0)",
    "study": "the study's protocol: a random tenth of its 101,000 images",
    "captcha-five-test": "the captchas of Wilhelmy & Rosas",
    "captcha-login-test": "a college login's captchas",
    "captcha-wide-test": "generated captchas, 140 to 780 pixels wide, faint and sparse",
    "captcha-five, five folds": "the same, all 750 for training, each read by a reader that was not taught it",
    "real captchas": "all three sets of real captchas",
}
FAMILIES = """\
35 families of @fontsource and of npm (SIL Open Font License; some in the public domain) and, where they are installed,
ten of Debian's (fonts-farsiweb, fonts-freefarsi, fonts-hosny-thabit, fonts-paktype; GPL and OFL)"""
DRAWN_PERSIAN = f"""\
drawn crops of Persian digits in both shapes, signs, words of business letters, letters and Latin, in
{FAMILIES};
two in three as bad scans have them: ink that ran or broke, blur, specks, ruled lines, stamps, uneven light, thresholds,
JPEG. No scan was at hand that may be published"""
SOURCES = {
    "train": """\
drawn captchas: words, dictionary words and random strings in 131 font families of @fontsource (SIL Open Font License
and Apache 2.0), with many backgrounds and kinds of damage; the word list is that of the npm package word-list (MIT).
Blank paper and drawn scenes like photos teach when there is nothing to read""",
    "styles": """\
drawn captchas in the styles of many sites, in the same fonts and 94 odder families of @fontsource, and those of the
package captcha (BSD)""",
    "sparse": "drawn captchas in the same fonts, wide, white and crossed out, small letters of many colours far apart",
    "easy": "the study's easy images, drawn: 100 words in 10 fonts",
    "hard": "the study's hard images, drawn: the same in colours hard to see on 4 noisy backgrounds",
    "captcha-five-train": """\
the captchas of Wilhelmy & Rosas (2013; in every Keras tutorial, no licence stated), 750. Of 100 read by eye, 100 were
read right""",
    "captcha-login-train": """\
a college login's captchas (GT-ZhangAcer/CaptchaDataset, MIT), 7,500. Of 100 read by eye, 98 were read right. About one
in sixty has a wrong label, such as 1234 under 7047: of 750 that were looked at, the reader answered 12
otherwise than they are labelled, and each time the eye read as it did; of the 950 for testing the same holds for all
16. Measured against the labels as they are, nobody reads many more than 98.3 % of them""",
    "captcha-wide-train": """\
generated captchas of 4 to 8 letters and digits (Inefficacy/Captcha-Datasets, no licence stated), 3,000. Of 100 read by
eye, 57 were read right: O and 0, I, l and 1 look alike in many of their fonts, and some letters are all but white""",
    "persian-train": DRAWN_PERSIAN,
    "persian-mixed": f"""\
{DRAWN_PERSIAN}. persian-resnet34-classes was taught 90,000 of them; here a third is of none of the classes: words that
are none, some nearly one of the five; letters of eight other scripts in the fonts that captchas are drawn with; scenes
like photos; paper""",
    "words": """\
drawn words, numbers, words with signs and lines of several, each drawn anew and shown once, in the font families of
@fontsource that captchas are drawn with (SIL Open Font License and Apache 2.0), on plain paper, patterns and drawn
scenes: in perspective, on arcs, blurred, in shadow, faint, compressed; the word list is that of the npm package
word-list (MIT) without the words that test. No picture of a real scene""",
    "persian-lines": f"""\
drawn lines of Persian business letters, each drawn anew and shown once: numbers, dates, attachments, names, sentences;
in {FAMILIES},
half of them, where these are installed, in a hundred more that were made for Arabic and Uyghur (fonts-arabeyes,
fonts-kacst, fonts-ukij-uyghur and others of Debian's; GPL and OFL); one in four as bad scans have them. Words are those
of the npm package dictionary-fa (Lilak, Apache-2.0) without one in twenty, which test. No scan was at hand that may be
published""",
    "letters": f"""\
drawn pages of Persian business letters, each drawn anew, of which pieces are shown: letterhead, fields, text, tables,
signatures and stamps, in {FAMILIES}; as scanners and phones see them: askew, in perspective, folded, in shadow, grainy,
compressed. Words are those of the npm package dictionary-fa (Lilak, Apache-2.0). No letter of a real archive""",
    "persian-study": "the same in all families, those that validate and test too",
    "glyph-train": """\
single characters, redrawn with other pens, slants and bends: 62 characters by hand as pen strokes, 25 drawings of each
(Chars74K, de Campos et al. 2009; for research use); MNIST's digits (LeCun & Cortes, CC BY-SA 3.0); the fonts of
@fontsource that captchas are drawn with (SIL Open Font License and Apache 2.0). Empty canvases, scribbles, drawn
scenes, signs such as # and ? and several characters in a row teach when there is nothing to read""",
}
PROGRAM = """\
import zoo

model = zoo.load("{name}")
[p] = model.read(["{subject}.png"])
print(p.text, p.confidence, p.status)"""
LETTER_PROGRAM = """\
from zoo import letter

found = letter.read("{subject}.png")  # with persian-crnn and persian-resnet34
print(found.number, found.date, found.attachment)"""
CALIBRATED = """
Calibration: logits are divided by {temperature:.3f}, fitted on {validation};
below a confidence of {threshold:.3f} an answer is marked "unsure".
"""
DIGITS = {"ms": 1, "seconds": 2, "images": 0, "MB": 0}  # behind the point; what is measured in these is a cost
PROPORTIONS = "accuracy", "status", "coverage", "same", "CER", "per character", "read as", "of words", "found", "value"
ROUNDED = ", which computes {} convolutions{} in 8-bit integers"
LANGUAGE = """
Ten texts are followed, and weighed in the end, by what the network sees and by how English words are spelled: a
character 6-gram model, counted over the word list of the npm package word-list (MIT) without the words held out for
tests, says how much likelier a word is than any characters. Of that {weight:.1f} counts in the answer. Digits before
and behind a word are no fault; what could be no word is neither helped nor hurt, and `read(lm=False)` leaves the model
out. Characters keep the probabilities that the picture alone gives them.
"""
PERSIAN_LANGUAGE = """
Each word of which the network is not sure is chosen from its likeliest spellings by what the network sees and by how
Persian words are spelled: a character 6-gram model, counted over the word list of the npm package dictionary-fa (Lilak,
Apache-2.0) and words that letters are full of, without the words held out for tests, says how much likelier a word is
than any characters. Of that {weight:.1f} counts in the answer. Numbers and signs are neither helped nor hurt, and
`read(lm=False)` leaves the model out. What is drawn is written with words of that list, seen or held out: names and
rare words of real letters gain less. Characters keep the probabilities that the picture alone gives them.
"""
HELD_OUT = {
    "captcha": (
        "validation images in fonts of their own",
        "The fonts and backgrounds of drawn validation and test sets are never trained on; of a real set, a tenth "
        "validates.",
    ),
    "glyph": (
        "five more drawings of each of the 62 characters",
        "No drawing and no font that validates or tests is trained on.",
    ),
    "persian": (
        "drawn crops in seven families of their own",
        "No family that validates or tests is trained on, nor one that grew out of the same.",
    ),
    "line": (
        "3,000 drawn lines in fonts of their own",
        "No font family that validates or tests is trained on, and no word that tests.",
    ),
    "letter": (
        "200 drawn letters",
        "No layout, no letterhead and no font family that validates or tests is trained on, and no word that tests.",
    ),
    "word": (
        "4,000 drawn words, numbers and lines in fonts of their own",
        "No font that validates or tests is trained on, and no word that tests.",
    ),
}
LIMITS = {
    "glyph": """\
It knows the digits and the letters A to Z, upper and lower case as one class; any other sign should come back unsure.
0 and O, 1, I and L, 2 and Z, 5 and S often cannot be told apart when one stands alone: then it gives both about the
same probability. It sees ink alone: what is written over lines or on a pattern it may not find.""",
    "persian": """\
It knows ten digits, a dash, an underscore, five words and, as one class, everything else. A crop is to be as high as
its line: cut closely around, a dash is an underscore, a zero a full stop, and the ring of ٥ a zero; ا is read as ۱. It
was taught print, not handwriting, and all its data is drawn: on real scans it has not been measured.""",
    "line": """\
It reads a printed line of Persian, numbers and dates in any digits included: no Latin letters, no writing by hand. What
looks alike has one code point in its answers: ی and ک, digits in Persian's shapes or Latin's. It was taught drawn
pictures alone, and has not been measured on real scans. Lines of more than 110 characters are squeezed.""",
    "letter": """\
It finds printed texts on a page of a Persian business letter that is upright or a little askew, and which of them are
the fields number, date, attachment and title, and their values. It was taught drawn letters alone, and has not been
measured on a real archive: check what matters.""",
    "word": """\
It reads a line of printable ASCII from left to right: no accents, no other script, no writing by hand. It was taught
drawn pictures alone. Given a whole picture, `zoo.readers.page` finds its lines first, with PP-OCR's detector. Very
long lines are squeezed.""",
    "classifier": """\
It knows 100 words and nothing else: any other word should come back unsure. It has no idea of case. It was trained on
drawn captchas and has not been measured on those of real sites.""",
    "seq2seq": """\
It reads 1 to 12 letters and digits of the Latin alphabet, no spaces or punctuation. Letters whose upper and lower case
have the same shape (c, o, s, v, w, x, z) are often read in the other case. On a site's style that it was not trained on
it can be much worse than the figures above; a few labelled pictures of that style teach it.""",
}


def write(folder: Path) -> None:
    """Writes the card of a checkpoint folder."""
    report, config = Report(folder), json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    name, reading = folder.name, config["glyphzoo"]
    kind = reading["kind"]
    entry = catalog.CATALOG.get(name)
    finds = kind == "finder"
    task = catalog.FINDS if finds else "image-classification" if kind == "classifier" else "image-to-text"
    subject = reading.get("subject", "glyph" if reading.get("ink") else "captcha")
    results = [
        EvalResult(
            task_type=task,
            dataset_type=row.data,  # results of the same type would be merged into one
            dataset_name=DATA.get(row.data, row.data),
            metric_type="accuracy",
            metric_name=row.measure,
            metric_value=round(row.value, 5),
        )
        for row in sorted(report.rows.values(), key=lambda row: row.key)
        if not row.model and row.measure.startswith(("word accuracy", "top-1 accuracy"))
    ]
    meta = ModelCardData(
        model_name=name,
        license="mit",
        library_name="timm" if kind == "classifier" else "glyphzoo",
        pipeline_tag=task,
        tags=[subject, "ocr"],
        eval_results=results or None,
    )
    size = (folder / "model.safetensors").stat().st_size / 1e6
    height, width = config["pretrained_cfg"]["input_size"][1:]
    seen = "pages of any size" if finds else f"input {height}×{width}"
    program = (LETTER_PROGRAM if finds else PROGRAM).format(name=name, subject=subject)
    language = PERSIAN_LANGUAGE if reading.get("right_to_left") else LANGUAGE
    calibrated = "" if finds else CALIBRATED.format(**reading, validation=HELD_OUT[subject][0])
    rounded = "".join(
        ROUNDED.format(len(known), " and the LSTMs" * (kind == "crnn")) for known in reading.get("ranges", {}).values()
    )
    text = f"""---
{meta.to_yaml()}
---

# {name}

{entry.summary if entry else "A reader trained with this project's recipe."}

```python
{program}
```

{size:.1f} MB of float16 weights, {seen}, runs through onnxruntime on a CPU{rounded}.

## Measured

Every number with its count of images and its 95 % interval (Wilson's for proportions, bootstrap otherwise).
Accuracy compares letters and digits without regard to case, unless said otherwise.

{table(report, costs=False)}
{calibrated}{language.format(weight=reading["language"]) if reading.get("language") else ""}
{pictures(folder)}
## What a reading costs

On virtual cores that others share; each reader beside its peers in one run.

{table(report, costs=True)}

## Trained on

{trained_on(reading)}

{HELD_OUT[subject][1]}

## Limits

{LIMITS[kind if subject == "captcha" else subject]}
"""
    (folder / "README.md").write_text(text, encoding="utf-8")


def keep(folder: Path, rows: Iterable[Row]) -> None:
    """Puts rows into a checkpoint's evaluation.json, and writes its card anew."""
    report = Report(folder)
    report.add(*rows)
    report.save()
    write(folder)


def pictures(folder: Path) -> str:
    """The pictures that the folder has, with what they show."""
    shown = {
        card_pictures.EXAMPLES: "Pictures that were read right, and below them some that were not, with the confidence",
        card_pictures.CALIBRATION: "How often answers of a confidence are right, a tenth of them each",
    }
    return "\n".join(f"![{text}]({name})\n\n*{text}.*\n" for name, text in shown.items() if (folder / name).exists())


def trained_on(reading: dict[str, Any]) -> str:
    """The sets that a checkpoint was trained on, with their licences, as a list."""
    lines = [f"- {SOURCES.get(name, f'{name}, labelled pictures')}." for name in reading["trained_on"]]
    if reading["start"]:
        lines.insert(0, f"It went on from {reading['start']}, with\n")
    return "\n".join(lines)


def table(report: Report, costs: bool) -> str:
    """The rows of what a reading costs, or all others, as a Markdown table."""
    lines = ["| set | measured | of | value | 95 % | images |", "|---|---|---|---|---|---|"]
    for row in sorted(report.rows.values(), key=lambda row: row.key):
        if costs != (row.measure.split()[0] in DIGITS):
            continue
        span = f"{_number(row, row.interval[0])} – {_number(row, row.interval[1])}" if row.interval else ""
        data = DATA.get(row.data, row.data)
        lines.append(
            f"| {data} | {row.measure} | {row.model or 'this'} | {_number(row, row.value)} | {span} | {row.count:,} |"
        )
    return "\n".join(lines)


def _number(row: Row, value: float) -> str:
    if (unit := row.measure.split()[0]) in DIGITS:
        return f"{value:,.{DIGITS[unit]}f}"
    share = any(word in row.measure for word in PROPORTIONS)
    return f"{100 * value:.2f} %" if share else f"{value:.4g}"


def main() -> None:
    parser = options.parser("training.measure.card", __doc__)
    parser.add_argument("folder", type=Path)
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
