"""What it takes to teach a trained reader a style of captchas from a few labelled pictures.

    python -m training captcha-seq2seq --finetune FOLDER

FOLDER is an ImageFolder of 50 to 5,000 pictures, or a zip of one: the pictures, and a metadata.csv with the columns
file_name and text. A tenth of them is held out and measured, before and after.
"""

from pathlib import Path

import zoo
from training.data.folder import ImageFolder
from training.learn.dataset import Split
from training.measure.evaluate import accuracy, answers
from training.measure.report import Report
from training.recipes import Recipe
from zoo.errors import InputError

LEAST = 20  # pictures


def check(recipe: Recipe, folder: Path) -> int:
    """How many pictures there are to learn from.

    Raises:
        FileNotFoundError: there is no such ImageFolder.
        InputError: it cannot be learned from; the sentence says why.
    """
    if recipe.kind != "seq2seq":
        raise InputError(f"{recipe.name} knows no text but its classes; fine-tune captcha-seq2seq instead.")
    columns = ImageFolder(folder).columns
    if missing := {"file_name", "text"} - columns.keys():
        raise InputError(f"metadata.csv in {folder} lacks the column {min(missing)!r}; it needs file_name and text.")
    texts = [text.decode() for text in columns["text"]]
    if len(texts) < LEAST:
        raise InputError(f"{folder} holds {len(texts)} pictures; label at least {LEAST}, better 200.")
    longest = recipe.model_args["longest"]
    for name, text in zip(columns["file_name"], texts, strict=True):
        if len(text) > longest or not set(text) <= set(recipe.alphabet):
            raise InputError(
                f"{name.decode()} in {folder} is labelled {text!r}; a text has up to {longest} letters and digits, "
                "without spaces or accents."
            )
    return len(texts)


def evaluate(folder: Path, start: Path, split: Split) -> Report:
    """How the held-out tenth is read by the checkpoint in `folder`, and by the one it started from."""
    report, data = Report(folder), f"{split.pictures.folders[0].files.path.name}, held out"
    pairs = [(split.pictures.image(i), split.pictures.row(i)) for i in split.validation]
    for path, model in ((start, f"{start.name} before"), (folder, "")):
        report.add(*accuracy(data, answers(zoo.load(path), pairs, model or folder.name, len(pairs)), model=model))
    report.save()
    return report
