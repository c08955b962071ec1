"""What every reader answers to the same pictures, to compare two versions of the code.

python -m benchmarks.answers --data data/test-words data/persian-test --out before.json
python -m benchmarks.answers --data data/test-words data/persian-test --compare before.json
"""

import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

import zoo
from training.data import options
from training.data.folder import ImageFolder

CLOSE = 1e-4  # difference in confidence that rounding may make


def answers(sets: list[Path], limit: int) -> dict[str, list[tuple[str, float, str]]]:
    """By reader: text, confidence and status of the first pictures of each set, `limit` in all."""
    pictures = [
        folder.image(i) for folder in map(ImageFolder, sets) for i in range(min(limit // len(sets), len(folder)))
    ]
    answered = {name: zoo.load(name).read(pictures) for name in tqdm(zoo.names())}
    return {name: [(one.text, one.confidence, one.status) for one in found] for name, found in answered.items()}


def differ(one: list[Any], other: list[Any]) -> bool:
    """Whether two answers are not the same but for rounding."""
    return [one[0], one[2]] != [other[0], other[2]] or abs(one[1] - other[1]) > CLOSE


def main() -> None:
    parser = options.parser("benchmarks.answers", __doc__)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="ImageFolders, or zips of them")
    parser.add_argument("--limit", type=int, default=300, help="pictures in all (default: 300)")
    parser.add_argument("--out", type=Path, help="where the answers are written")
    parser.add_argument("--compare", type=Path, help="answers of another version")
    args = parser.parse_args()
    answered = json.loads(json.dumps(answers(args.data, args.limit)))
    if args.out:
        args.out.write_text(json.dumps(answered, ensure_ascii=False))
    for name, before in json.loads(args.compare.read_text()).items() if args.compare else ():
        pairs = list(zip(before, answered[name], strict=True))
        changed = [pair for pair in pairs if differ(*pair)]
        print(f"{name}: {len(changed)} of {len(pairs)} differ", *changed[:5], sep="\n  ")


if __name__ == "__main__":
    main()
