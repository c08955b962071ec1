"""Temperature, language model's weight, threshold and explained layer of a trained network, chosen on validation."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import zoo
from training import language
from training.learn import checkpoint, dataset
from training.learn.module import greedy
from training.measure import faithfulness
from training.measure.calibration import binary_cross_entropy, fit_temperature, threshold
from zoo.decoding.ctc import BLANK
from zoo.decoding.fusion import weighed
from zoo.decoding.ngram import NGram
from zoo.decoding.probabilities import softmax
from zoo.networks.crnn import CRNN
from zoo.readers.base import Decoding, Language, SequenceReader
from zoo.readers.crnn import CRNNReader
from zoo.text.alphabets import CharTokenizer

FEW = 200  # validation pictures: fewer are too few to choose by
MANY = 3000  # pictures are enough for the weight, the threshold and the layer
FRAMED = 1000  # pictures are enough for the temperature of a CTC network without a language model
CERTAIN = 1e4  # a logit
WEIGHTS = np.linspace(0, 1, 11).round(1)
WARMER = np.array([1, 1.1, 1.2, 1.3])  # times the temperature that was fitted without a language model
ADJUSTMENTS = np.linspace(0, 1, 11).round(1)


def write_calibrated(
    network: nn.Module,
    pictures: dataset.Captchas,
    validation: dataset.Indices,
    workers: int,
    folder: Path,
    start: Path | None = None,
) -> str:
    """Chooses the settings of a network and writes its checkpoint; returns the SHA-256 of the weights.

    With fewer than FEW pictures the settings are those of the checkpoint `start`.
    """
    network.eval()
    recipe = pictures.recipe
    if recipe.kind == "finder":
        return checkpoint.write(recipe, network, folder)
    if start and len(validation) < FEW:
        before = zoo.load(start).config["glyphzoo"]
        names = "temperature", "language", "threshold", "explained_layer"
        kept = {name: before[name] for name in names if name in before}
        return checkpoint.write(recipe, network, folder, **kept)
    texts = validation[dataset.answerable(recipe, pictures.texts[validation])]
    if recipe.kind == "crnn":
        temperature = frames_temperature(network, pictures, texts[:: -(-len(texts) // FRAMED)], workers)
    else:
        logits, right = validation_answers(network, pictures, texts, workers)
        if recipe.adjusted:
            change = adjustment(logits[:, 0], pictures, texts)
            network.get_classifier().bias.data += torch.from_numpy(change)
            logits, right = validation_answers(network, pictures, texts, workers)
        temperature = fit_temperature(lambda t: binary_cross_entropy(confidence(logits, t), right))
    texts = texts[:: -(-len(texts) // MANY)]
    digest = checkpoint.write(recipe, network, folder)
    reader = zoo.load(folder)
    reader.settings = replace(reader.settings, temperature=temperature)
    chosen: dict[str, float] = {"temperature": temperature}
    lm: Language = None
    if isinstance(reader, SequenceReader) and not recipe.right_to_left:  # English
        unseen = language.english(without=[text.decode() for text in pictures.texts[texts]])
        chosen["temperature"], chosen["language"] = weighing(reader, unseen, pictures, texts)
        lm = unseen if chosen["language"] else False
    if isinstance(reader, CRNNReader) and recipe.right_to_left:
        chosen["language"] = respelling(reader, pictures, texts[:: -(-len(texts) // FRAMED)])
    reader.settings = replace(reader.settings, **chosen)
    found = [reader.read([pictures.image(i)], lm=lm)[0] for i in texts]
    readable = pictures.within(texts, recipe.validation[0]) if recipe.validation else np.full(len(texts), True)
    if recipe.kind == "crnn":  # some are drawn so that nobody can read them
        right = readable & [p.text == pictures.texts[i].decode() for p, i in zip(found, texts, strict=True)]
        readable = right if right.any() else readable
    sure = threshold(np.array([prediction.confidence for prediction in found])[readable])
    cases = faithfulness.read_right(reader, pictures, texts, found)
    layer = faithfulness.best_layer(reader, checkpoint.layers(recipe), cases)
    checkpoint.configure(folder, checkpoint.config(recipe, **chosen, threshold=sure, explained_layer=layer))
    return digest


def adjustment(logits: np.ndarray, pictures: dataset.Captchas, texts: dataset.Indices) -> np.ndarray:
    """What is added to each class's logit, float32 (classes,), when training showed some classes more often.

    It is minus a multiple of the logarithm of the class's share in training (post-hoc logit adjustment, Menon et al.
    2021). The multiple is the one of ADJUSTMENTS with the least cross-entropy of the validation logits (n, classes).
    """
    recipe = pictures.recipe
    number = {label.lower(): i for i, label in enumerate(recipe.labels)}
    every = np.arange(len(pictures))
    shown = np.any([pictures.within(every, name) for name in recipe.train], axis=0)
    taught = [
        number[text.decode().lower()] for text in pictures.texts[shown & dataset.answerable(recipe, pictures.texts)]
    ]
    counts = np.maximum(np.bincount(taught, minlength=len(number)), 1)
    away = -np.log(counts / counts.sum())
    away -= away.mean()
    wanted = torch.tensor([number[text.decode().lower()] for text in pictures.texts[texts]])
    losses = [float(functional.cross_entropy(torch.from_numpy(logits + share * away), wanted)) for share in ADJUSTMENTS]
    return np.asarray(ADJUSTMENTS[int(np.argmin(losses))] * away, np.float32)


def weighing(
    reader: SequenceReader, model: NGram, pictures: dataset.Captchas, texts: dataset.Indices
) -> tuple[float, float]:
    """Chooses the temperature and the language model's weight that minimise the binary cross-entropy of the confidence.

    Every weight of WEIGHTS is tried at the reader's temperature times every factor of WARMER.
    """
    scores = {}
    for temperature in reader.settings.temperature * WARMER:
        answers = []
        for i in texts:
            [found] = reader.candidates(reader.look(pictures.image(i)), temperature, model)
            read = [text for text, _ in found]
            right = [text == pictures.texts[i].decode() for text in read]
            answers.append(([share for _, share in found], model.gains(read, *reader.texts), right))
        for weight in WEIGHTS:
            after = [weighed(before, gains, weight) for before, gains, _ in answers]
            hits = [right[sure.argmax()] for sure, (_, _, right) in zip(after, answers, strict=True)]
            scores[temperature, weight] = binary_cross_entropy([sure.max() for sure in after], hits)
    temperature, weight = min(scores, key=scores.__getitem__)
    return float(temperature), float(weight)


def respelling(reader: CRNNReader, pictures: dataset.Captchas, texts: dataset.Indices) -> float:
    """The weight of the language model with which most lines are read right, the least of several.

    The model does not know the words of validation, except those that are common in letters.
    """
    model, right = reader.language_model(), np.zeros(len(WEIGHTS))
    for i in texts:
        [frames] = reader.frames(reader.look(pictures.image(i)))
        true, answers = reader.encode(pictures.texts[i].decode()), reader.answers(frames, Decoding("beam", lm=False))
        right += [reader.respelled(frames, answers, model, float(weight))[0][0] == true for weight in WEIGHTS]
    return float(WEIGHTS[right.argmax()])


def frames_temperature(
    network: nn.Module, pictures: dataset.Captchas, validation: dataset.Indices, workers: int
) -> float:
    """The temperature that calibrates a CTC network; its confidence is the greedy text's probability over all paths."""
    logits, texts, right = [], [], []
    longest = pictures.recipe.widths[1] // CRNN.across
    with torch.inference_mode():
        for batch in dataset.loader(pictures, dataset.batches(pictures, validation), workers):
            found = network(batch["images"])
            read, hits = greedy(found, batch["symbols"], batch["lengths"])
            texts += read
            right += hits
            ended = functional.pad(found, (0, 0, 0, longest - found.shape[1]))
            ended[:, found.shape[1] :, BLANK] = CERTAIN  # changes no text's probability
            logits.append(ended.transpose(0, 1))
    frames, hit = torch.cat(logits, 1), np.array(right)
    symbols = torch.tensor([symbol for text in texts for symbol in text])
    lengths = torch.tensor([len(text) for text in texts])

    def score(temperature: float) -> float:
        scores = (frames / temperature).log_softmax(-1)
        loss = functional.ctc_loss(scores, symbols, torch.full_like(lengths, longest), lengths, BLANK, "none")
        return binary_cross_entropy(np.exp(-loss.numpy()), hit)

    return fit_temperature(score)


def validation_answers(
    network: nn.Module, pictures: dataset.Captchas, validation: dataset.Indices, workers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, T, classes) of the answers and whether each is right, (n,).

    A classifier's T is 1. A sequence reader's logits are those of the next token, given the true tokens before it, and
    NaN after the end. Up to the first mistake they are the logits of its own greedy answer.
    """
    recipe = pictures.recipe
    logits, right = [], []
    with torch.inference_mode():
        for batch in dataset.loader(pictures, dataset.batches(pictures, validation), workers):
            if recipe.kind == "classifier":
                found, wanted = network(batch["images"])[:, None], batch["target"].argmax(1)[:, None]
            else:
                wanted = batch["tokens"][:, 1:]
                found = network(batch["images"], batch["tokens"][:, :-1])[0]
                found = functional.pad(found, (0, 0, 0, recipe.model_args["longest"] + 1 - found.shape[1]))
                wanted = functional.pad(wanted, (0, found.shape[1] - wanted.shape[1]), value=CharTokenizer.pad)
            real = (
                wanted != CharTokenizer.pad if recipe.kind == "seq2seq" else torch.ones_like(wanted, dtype=torch.bool)
            )
            right.append(((found.argmax(-1) == wanted) | ~real).all(1).numpy())
            logits.append(found.masked_fill(~real[..., None], torch.nan).numpy())
    return np.concatenate(logits), np.concatenate(right)


def confidence(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probability of the likeliest answer, (n,): the product over its tokens."""
    return np.asarray(np.nanprod(softmax(logits / temperature).max(-1), axis=1))
