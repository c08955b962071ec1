"""Inside a network: the activations of its layers, and a convolution with the visitor's own kernel."""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from PIL import Image

from demos.widgets import answers, figures
from demos.widgets.answers import EXPLAINED, Network
from zoo.images.convolution import KERNELS, convolve

LAYERS = (
    "<h4>What the layers make of it</h4><p>A network sees in layers: the first find edges, the last whole letters. "
    "Each has many channels, and each channel answers to something of its own. Bright is where it answers.</p>"
)
PLAYGROUND = (
    "<h4>A convolution of your own</h4><p>What every channel of the first layer does: nine numbers slide over the "
    "picture, each pixel becomes the sum of its neighbours times those numbers. A network learns its numbers; try "
    "yours.</p>"
)
NOTHING = "<p>There is no picture yet.</p>"
FIRST = next(iter(KERNELS))
OWN = "my own"

Follow = Callable[[gr.events.Dependency], None]


def build(networks: Sequence[Network], name: str) -> tuple[gr.State, Follow]:
    """Adds "Look inside" to a tab, as an element of that name.

    Returns the state to set to the picture that was read, a PIL image or None; and a function that updates this part
    after an event. It is needed for events outside gradio's queue: these do not trigger the state's change event.
    """
    picture, opened = gr.State(None), gr.State(False)
    titles = [(network.title, network.name) for network in networks]
    with gr.Accordion("Look inside", open=False, elem_id=name) as part, gr.Row(equal_height=False):
        with gr.Column(min_width=300, elem_classes="card"):
            gr.HTML(LAYERS)
            network = gr.Radio(titles, value=networks[0].name, label="Network", visible=len(networks) > 1)
            mean = gr.HTML(elem_classes="mean")
            with gr.Row():
                layer = gr.Dropdown([], label="Layer", min_width=120, elem_classes="layer")
                channel = gr.Slider(0, 1, 0, step=1, label="Channel", min_width=120, elem_classes="channel")
            chosen = gr.HTML(elem_classes="chosen")
        with gr.Column(min_width=300, elem_classes="card"):
            gr.HTML(PLAYGROUND)
            preset = gr.Dropdown([*KERNELS, OWN], value=FIRST, label="Kernel", elem_classes="preset")
            numbers = []
            for row in KERNELS[FIRST]:
                with gr.Row(elem_classes="kernel"):
                    numbers += [
                        gr.Number(value, show_label=False, label=f"Number {len(numbers) + i + 1} of 9", min_width=60)
                        for i, value in enumerate(row)
                    ]
            result = gr.HTML(elem_classes="convolved")

    hidden = answers.HIDDEN
    inputs, layers = [picture, opened, network, layer, channel], [mean, layer, channel, chosen]
    changes = [picture.change, opened.change, network.change, layer.input, channel.input]
    gr.on(changes, show_layers, inputs, layers, trigger_mode="always_last", **hidden, **answers.ALONE)
    kernel = [picture, opened, *numbers]
    gr.on([picture.change, opened.change], show_convolved, kernel, result, **hidden)
    part.expand(lambda: True, None, opened, **hidden)
    part.collapse(lambda: False, None, opened, **hidden)
    preset.input(_numbers, preset, numbers, **hidden).then(show_convolved, kernel, result, **hidden)
    for number in numbers:
        number.input(lambda: OWN, None, preset, **hidden).then(show_convolved, kernel, result, **hidden)

    def follow(event: gr.events.Dependency) -> None:
        event.then(show_layers, inputs, layers, **answers.LATEST)
        event.then(show_convolved, kernel, result, **answers.LATEST)

    return picture, follow


def _numbers(preset: str) -> list[Any]:
    return [round(value, 3) for row in KERNELS[preset] for value in row] if preset in KERNELS else [gr.skip()] * 9


def show_layers(
    picture: Image.Image | None, opened: bool, name: str, layer: str | None, channel: int | None
) -> list[Any]:
    """Updates of the mean of the last layer, the two controls, and one channel of the chosen layer."""
    if not opened:
        return [gr.skip()] * 4
    if picture is None:
        return [NOTHING, gr.skip(), gr.skip(), ""]
    small, reader = _small(picture), answers.reader(name)
    last = reader.layers[-1]
    valid = layer if layer in reader.layers else last
    deepest, chosen = reader.activations(small, last), reader.activations(small, valid)
    count = len(chosen.channels)
    shown = min(int(channel or 0), count - 1)
    # A value is updated only if it has to change: an update would undo what a visitor has set meanwhile.
    layers = {"choices": list(reader.layers)} | ({} if valid == layer else {"value": valid})
    channels: dict[str, Any] = {"maximum": count - 1, "label": f"Channel, of {count}"}
    channels |= {} if shown == channel else {"value": shown}
    height, width = chosen.channels.shape[1:]
    return [
        _figure(figures.overlay(small, deepest.over()), f"The mean of all {len(deepest.channels)} channels of {last}"),
        gr.update(**layers),
        gr.update(**channels),
        _figure(
            figures.overlay(small, chosen.over(shown)),
            f"Channel {shown} of {valid}, which sees {height} × {width} places",
        ),
    ]


@answers.on_error(str)
def show_convolved(picture: Image.Image | None, opened: bool, *numbers: float | None) -> Any:
    """The picture convolved with the kernel."""
    if not opened:
        return gr.skip()
    if picture is None:
        return NOTHING
    found = convolve(_small(picture), [numbers[:3], numbers[3:6], numbers[6:]])
    flat = abs(sum(number or 0 for number in numbers)) < 1e-6
    return _figure(found, "Grey is nothing, white positive, black negative" if flat else "The picture under the kernel")


def _small(picture: Image.Image) -> Image.Image:
    small = picture.copy()
    small.thumbnail((EXPLAINED, EXPLAINED))
    return small


def _figure(image: Image.Image, caption: str) -> str:
    source = answers.data_url(image, lossless=True)
    return (
        f'<figure><img src="{source}" alt="{caption}" width="{image.width}" height="{image.height}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
