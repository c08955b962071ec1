"""How fast our readers are beside RapidOCR's recogniser, on the same pictures and in one run.

    python -m benchmarks.speed --data data

On one core and on two: the median time of a picture alone, pictures a second in batches of 64, and the peak of memory;
the first two also as ratios to RapidOCR's. Then how long `python -m zoo read` takes from nothing to an answer, once its
network is exported. Every measurement runs in a process of its own. With --save the numbers go into the checkpoints'
evaluation.json and onto their cards.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

import zoo
from benchmarks.cores import keep_to
from training.data import options
from training.data.folder import ImageFolder
from training.measure.report import Row
from zoo.hub.store import CHECKPOINTS

PEER = "RapidOCR"
BATCH = 64
COUNT = 4 * BATCH
Read = Callable[[Sequence[Image.Image]], object]


@dataclass(frozen=True)
class Speed:
    """What a reader needs.

    Attributes:
        milliseconds: a picture, read alone; the median.
        rate: pictures a second, in batches.
        megabytes: of memory at its peak, the interpreter included.
    """

    milliseconds: float
    rate: float
    megabytes: float


def reader(name: str, cores: int) -> Read:
    """Reads a list of pictures: one of ours, or PEER."""
    if name != PEER:
        return zoo.load(name, threads=cores).read
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR(intra_op_num_threads=cores, inter_op_num_threads=1)
    return lambda pictures: engine.text_rec([np.asarray(picture)[..., ::-1] for picture in pictures])


def rows(data: str, count: int, name: str, cores: int, speed: Speed) -> list[Row]:
    """What a reader needs, as rows of evaluation.json."""
    on = "one core" if cores == 1 else f"{cores} cores"
    model, command = (name if name == PEER else ""), f"python -m benchmarks.speed --count {count}"
    measured = {
        f"ms an image alone on {on}, median": speed.milliseconds,
        f"images a second on {on}, {BATCH} at once": speed.rate,
        f"MB at the peak on {on}": speed.megabytes,
    }
    return [Row(data, measure, value, count, None, model, command) for measure, value in measured.items()]


def measure(name: str, cores: int, path: Path, count: int) -> Speed:
    """The speed of a reader on the first pictures of a set; the first five and the first batch only warm up."""
    keep_to(cores)
    folder = ImageFolder(path)
    pictures = [folder.image(i) for i in range(min(count, len(folder)))]
    read, times = reader(name, cores), []
    for picture in pictures:
        start = time.perf_counter()
        read([picture])
        times.append(time.perf_counter() - start)
    parts = [pictures[i : i + BATCH] for i in range(0, len(pictures), BATCH)]
    read(parts[0])
    start = time.perf_counter()
    for part in parts:
        read(part)
    rate = len(pictures) / (time.perf_counter() - start)
    return Speed(1000 * float(np.median(times[5:])), rate, peak())


def peak() -> float:
    """Megabytes of this process at its peak; `getrusage` would count those of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def cold(name: str, picture: Path, times: int = 3) -> float:
    """Seconds from the command line to the answer, the median; a first one exports the network."""
    command, taken = [sys.executable, "-m", "zoo", "read", name, str(picture)], []
    for _ in range(1 + times):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken[1:]))


def main() -> None:
    parser = options.parser("benchmarks.speed", __doc__, "save", "data")
    parser.add_argument("names", nargs="*", help="our checkpoints (default: all)")
    parser.add_argument("--count", type=int, default=COUNT, help=f"pictures of a set (default: {COUNT})")
    args = parser.parse_args()
    from training.measure import card  # here, for these would bring torch into every measured process
    from training.measure.evaluate import sets

    print(f"{'reader':20} {'cores':>5} {'ms':>7} {'ratio':>6} {'images/s':>8} {'ratio':>6} {'MB':>6}  set")
    for name in args.names or zoo.names():
        data = sets(zoo.load(name))[0][0]
        path = next(path for path in (args.data / data, args.data / f"{data}.zip") if path.exists())
        kept, count = [], min(args.count, len(ImageFolder(path)))
        for cores in (1, 2):
            found = {}
            with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as alone:
                for each in (name, PEER):
                    found[each] = alone.submit(measure, each, cores, path, args.count).result()
            peer = found[PEER]
            for each, speed in found.items():
                kept += rows(data, count, each, cores, speed)
                print(
                    f"{each:20} {cores:>5} {speed.milliseconds:7.2f} {speed.milliseconds / peer.milliseconds:6.2f} "
                    f"{speed.rate:8.0f} {speed.rate / peer.rate:6.2f} {speed.megabytes:6.0f}  {data}",
                    flush=True,
                )
        with tempfile.TemporaryDirectory() as scratch:
            picture = Path(scratch) / "picture.png"
            ImageFolder(path).image(0).save(picture)
            seconds = cold(name, picture)
            print(f"{name:20} cold start {seconds:.2f} s", flush=True)
        if args.save:
            started = Row(data, "seconds from the command line to the answer", seconds, 1, None, "", kept[0].command)
            card.keep(CHECKPOINTS / name, [*kept, started])


if __name__ == "__main__":
    main()
