"""What a reader should answer to a labelled picture."""

from training.data.folder import Row
from zoo.readers.base import Reader
from zoo.readers.classifier import Classifier
from zoo.readers.prediction import Prediction
from zoo.text.normalise import plain


def expected(reader: Reader, row: Row) -> str:
    """The text of a picture; of a reader whose classes have texts of their own, that of the picture's class."""
    label = row.get("label", row["text"])
    if isinstance(reader, Classifier) and reader.texts != reader.labels and label in reader.labels:
        return reader.texts[reader.labels.index(label)]
    return row["text"]


def subject(reader: Reader) -> str:
    """What a reader reads: "captcha", "glyph", "persian", "word" or "line"."""
    return str(reader.config["glyphzoo"].get("subject", "glyph" if reader.settings.ink else "captcha"))


def right(prediction: Prediction, text: str) -> bool:
    """Whether letters and digits of an answer are those of the text, without regard to case."""
    return plain(prediction.text) == plain(text)
