"""The pages of Glyphzoo in a browser: `make app`, `python app.py`, or, with reloading, `gradio app.py`.

`gradio app.py` runs this file twice, so importing it must not start a worker or load a model.
"""

# First, so that the thread pools of later imports use only the cores that this process may use
import zoo  # noqa: F401 # isort: skip

import os
import subprocess
import sys
from pathlib import Path

import gradio as gr

from demos.api import routes, worker
from demos.api.jobs import Jobs
from demos.studies import memorization
from demos.tabs import captcha, glyph, letters, persian, read, words
from demos.widgets import plots

TABS = {
    "Read": read.build,
    "Captcha": captcha.build,
    "Draw": glyph.build,
    "Persian": persian.build,
    "Words": words.build,
    **({"Letters": letters.build} if letters.present() else {}),
    **({"Memorisation": memorization.build} if plots.results(memorization.NAME) else {}),
}
# Fonts of the visitor's system, so that no request leaves the machine.
THEME = gr.themes.Default(
    primary_hue="indigo",
    neutral_hue="slate",
    font=["Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "Liberation Sans", "sans-serif"],
    font_mono=["Menlo", "Consolas", "Liberation Mono", "monospace"],
).set(button_primary_background_fill="*primary_600", button_primary_background_fill_hover="*primary_700")

WAITING = 256  # requests in the queue, at most
VISITORS = 512  # with a state, at most; every call of a program counts, and Gradio keeps a third of a MB of each
HOUR, DAY = 3_600, 86_400  # seconds

with gr.Blocks(title="Glyphzoo", analytics_enabled=False, delete_cache=(HOUR, DAY)) as demo:
    gr.Markdown("# Glyphzoo\nSmall networks that read text in pictures, and show where they looked.")
    for name, build in TABS.items():
        with gr.Tab(name):
            build()

demo.queue(max_size=WAITING)

# A Space starts with an empty cache: load every network before a visitor asks for it.
EXPORT = "from zoo import loading\nfrom zoo.hub import catalog\nfor name in catalog.every(): loading.trained(name)"

if __name__ == "__main__":
    if "SPACE_ID" in os.environ:
        subprocess.Popen([sys.executable, "-c", EXPORT], cwd=Path(__file__).parent)
    demo.launch(
        theme=THEME,
        css_paths=Path(__file__).parent / "demos" / "style.css",
        mcp_server=True,
        max_file_size="20mb",
        footer_links=["api", "settings"],
        run_history=False,
        state_session_capacity=VISITORS,
        app_kwargs={"routes": [routes.mount(Jobs())], "lifespan": worker.running},
    )
