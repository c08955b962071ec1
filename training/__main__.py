"""Train a network and write its checkpoint folder.

    python -m training captcha-resnet18 --data DIR

DIR holds the drawn sets (python -m training.data.captcha train --out DIR). A checkpoint that the recipe starts from is
trained first where it is not at hand. The runs are kept under --runs: the same command goes on where a killed one
stopped, on a CPU or a GPU.
"""

import dataclasses
from pathlib import Path

from training.data import options
from training.learn import finetune
from training.learn.train import Place, train
from training.measure import card, evaluate
from training.recipes import NAMES, finetuning, recipe_of
from zoo.errors import InputError


def main() -> None:
    parser = options.parser("training", __doc__, "data", "runs", "workers", "fonts")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--finetune", type=Path, help="an ImageFolder, or a zip of one, whose style is to be learned")
    parser.add_argument(
        "--limit", type=int, help="train and validate on this many pictures only: it must learn them by heart"
    )
    parser.add_argument("--epochs", type=int, help="other than the recipe's")
    args = parser.parse_args()
    recipe = recipe_of(args.name)
    try:
        if args.finetune:
            recipe = finetuning(recipe, args.finetune, finetune.check(recipe, args.finetune))
        if args.epochs:
            shorter = tuple((name, values | {"epochs": args.epochs}) for name, values in recipe.phases)
            recipe = dataclasses.replace(recipe, epochs=args.epochs, phases=shorter)
        trained = train(recipe, Place(args.data, args.runs, args.workers, args.limit, tuple(args.fonts)))
    except (InputError, FileNotFoundError) as error:
        hint = "; see python -m training.data.captcha --help" if isinstance(error, FileNotFoundError) else ""
        parser.error(f"{error}{'' if args.finetune else hint}")
    if args.finetune and trained.start:
        print(finetune.evaluate(trained.folder, trained.start, trained.split))
    elif recipe.kind != "finder":  # which is measured with the reader of lines: python -m benchmarks.letters
        print(evaluate.evaluate(trained.folder, args.data, args.runs))
    card.write(trained.folder)


if __name__ == "__main__":
    main()
