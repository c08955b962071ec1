"""How long the app takes from its start to its first page, and from there to its first answers.

    python -m benchmarks.start

To be run where no more than requirements.txt is installed, as on a Space. Twice: with nothing kept from before, as on a
new machine, and with the networks that the first start exported.
"""

import tempfile
import time

import httpx2
from PIL import Image, ImageDraw, ImageFont

from benchmarks.load import ADDRESS, read
from benchmarks.pages import served
from benchmarks.peers import png
from training.data import options


def main() -> None:
    options.parser("benchmarks.start", __doc__).parse_args()
    picture = Image.new("RGB", (160, 60), "white")
    ImageDraw.Draw(picture).text((20, 10), "house", "black", ImageFont.load_default(36))
    port = ADDRESS.rsplit(":", 1)[1]
    with tempfile.TemporaryDirectory() as scratch:
        places = {"GRADIO_TEMP_DIR": f"{scratch}/gradio", "GLYPHZOO_HOME": f"{scratch}/home"}
        for kept in ("nothing kept", "networks kept"):
            start = time.perf_counter()
            with served(["app.py"], ADDRESS, GRADIO_SERVER_PORT=port, **places):
                page, taken = time.perf_counter() - start, []
                with httpx2.Client(base_url=ADDRESS, trust_env=False, timeout=120) as client:
                    for _ in range(2):
                        asked = time.perf_counter()
                        read(client, png(picture))
                        taken.append(time.perf_counter() - asked)
            print(f"{kept:13}: first page after {page:.1f} s, then answers after {taken[0]:.2f} and {taken[1]:.2f} s")


if __name__ == "__main__":
    main()
