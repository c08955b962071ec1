"""A checkpoint's network in 8-bit integers, for onnxruntime: a fraction of the time on a CPU.

    python -m training.learn.quantize word-crnn --data DIR
    python -m training.learn.quantize persian-crnn --data DIR --floats stem blocks.0 blocks.1

The ranges of its convolutions' values on pictures of the validation set go into config.json; from these and the weights
the network is made where it is used. They stay there only where it is faster and not worse: of the validation set it
may lose less than TOLERANCE. Temperature and threshold stay as well: calibrate first. Where all integers are worse,
layers next to the picture can stay in floats: what they round, all others see.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from onnxruntime.quantization import create_calibrator
from tqdm import tqdm

import zoo
from training.data import options
from training.learn import checkpoint, dataset
from training.measure import evaluate
from training.measure.metrics import wilson
from training.measure.truth import expected
from training.recipes import recipe_of
from zoo.hub import store
from zoo.readers.base import Reader
from zoo.runtime.torch import Inputs, convolutions, export, simplified

SEEN = 50  # pictures from which the ranges come: of more, one in a thousand widens them for all
TOLERANCE = 0.002  # of all pictures


def ranges(
    reader: Reader, pictures: dataset.Captchas, chosen: dataset.Indices, floats: Sequence[str] = ()
) -> dict[str, dict[str, list[float]]]:
    """By graph and convolution the least and largest value that it is shown and that it gives, over some pictures.

    What a ReLU makes zero counts as zero. Only the graph that is shown pictures is looked at, and nothing in the layers
    that are named in `floats`.
    """
    name = reader.graph_names[0]
    with tempfile.TemporaryDirectory() as scratch:
        path = simplified(export(reader.graphs(reader.network)[name]), Path(scratch))
        calibrator = create_calibrator(path, ["Conv"], str(Path(scratch) / "augmented.onnx"))
        calibrator.collect_data(Inputs({"images": reader.prepare(pictures.image(i))[0]} for i in chosen))
        known = calibrator.compute_data().data
        found: dict[str, list[float]] = {}
        for layer, of in convolutions(path).items():
            if not any(f"{layer}.".startswith(f"{kept}.") for kept in floats):
                values = np.concatenate([np.ravel(known[tensor].range_value) for tensor in (of.input, of.output)])
                values[2:] = np.maximum(values[2:], 0 if of.rectified else -np.inf)
                found[layer] = [float(f"{value:.5g}") for value in values]
        return {name: found}


def exact(reader: Reader, pictures: dataset.Captchas, texts: dataset.Indices) -> tuple[int, float]:
    """How many pictures the reader reads exactly, one at a time, and the median of the seconds that one takes."""
    hits, seconds = 0, []
    for i in tqdm(texts, reader.name):
        picture, start = pictures.image(i), time.perf_counter()
        hits += evaluate.exact(reader.read([picture])[0], expected(reader, pictures.row(i)))
        seconds.append(time.perf_counter() - start)
    return hits, float(np.median(seconds))


def quantize(folder: Path, pictures: dataset.Captchas, texts: dataset.Indices, floats: Sequence[str] = ()) -> bool:
    """Keeps a checkpoint in 8-bit integers if it is faster and not worse on validation pictures; returns whether.

    Both results are printed. The layers named in `floats` stay in floats.
    """
    results = []
    for found in ({}, ranges(zoo.load(folder), pictures, texts[:: -(-len(texts) // SEEN)], floats)):
        keep(folder, found)
        hits, seconds = exact(zoo.load(folder), pictures, texts)
        results.append((hits, seconds))
        low, high = wilson(hits, len(texts))
        print(
            f"{'8-bit integers' if found else '32-bit floats'}: {hits / len(texts):.2%} exact of {len(texts)} "
            f"({low:.2%} to {high:.2%}), {1000 * seconds:.2f} ms"
        )
    (before, slow), (after, fast) = results
    if fast < slow and after > before - TOLERANCE * len(texts):
        return True
    keep(folder, {})
    return False


def keep(folder: Path, found: dict[str, dict[str, list[float]]]) -> None:
    """Writes ranges into a checkpoint's config.json, or takes them out."""
    config = json.loads((folder / store.CONFIG).read_text(encoding="utf-8"))
    config["glyphzoo"].pop("ranges", None)
    if found:
        config["glyphzoo"]["ranges"] = found
    checkpoint.configure(folder, config)


def main() -> None:
    parser = options.parser("training.learn.quantize", __doc__, "data")
    parser.add_argument("name", help="a checkpoint of the zoo")
    parser.add_argument("--floats", nargs="+", default=(), help="layers that stay in floats (default: none)")
    args = parser.parse_args()
    recipe = recipe_of(args.name)
    # of the sets that it learned from, those are wanted of which a part validates
    recipe = replace(recipe, train=tuple(name for name in recipe.train if name in recipe.validation))
    split = dataset.split(recipe, args.data)
    texts = split.validation[dataset.answerable(split.pictures.recipe, split.pictures.texts[split.validation])]
    kept = quantize(store.CHECKPOINTS / args.name, split.pictures, texts, args.floats)
    print("It stays in 8-bit integers" if kept else "It is not faster, or worse, and stays in floats")


if __name__ == "__main__":
    main()
