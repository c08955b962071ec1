"""A network's weights on the disk: float16, normalisation layers float32; every tensor is checked when loaded."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from zoo import whole
from zoo.errors import InputError
from zoo.hub import store

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


def load(network: nn.Module, folder: Path) -> None:
    """Loads a checkpoint's float16 weights strictly into a float32 network.

    Raises:
        InputError: the file is missing or damaged, or does not fit; the sentence names the tensors.
    """
    weights, own = read(folder), network.state_dict()
    problems = {
        "lacks": sorted(own.keys() - weights.keys()),
        "has unexpected": sorted(weights.keys() - own.keys()),
        "has another shape of": sorted(k for k in own.keys() & weights.keys() if own[k].shape != weights[k].shape),
    }
    if any(problems.values()):
        differences = ", ".join(f"{verb} {_list(keys)}" for verb, keys in problems.items() if keys)
        path = folder / store.WEIGHTS
        raise InputError(f"{path} does not fit the network of its {store.CONFIG}: it {differences}; fetch both anew.")
    network.load_state_dict(weights, strict=True)


def read(folder: Path) -> dict[str, torch.Tensor]:
    """A checkpoint's weights by name.

    Raises:
        InputError: the file is missing or damaged.
    """
    path = folder / store.WEIGHTS
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise store.unreadable(path, error) from error


def _list(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def save(network: nn.Module, folder: Path) -> str:
    """Writes a network's model.safetensors in one step: weights as float16, normalisation layers as float32.

    Normalisation layers are small and scale everything: float16 would save nothing there and cost accuracy.

    Returns:
        SHA-256 of the file, for the catalog.

    Raises:
        ValueError: a weight is not finite, or too large for float16.
    """
    exact = tuple(f"{name}." for name, module in network.named_modules() if isinstance(module, _NORMS))
    tensors = {}
    for key, tensor in network.state_dict().items():
        half = tensor.is_floating_point() and not key.startswith(exact)
        tensors[key] = tensor.to("cpu", torch.float16 if half else tensor.dtype, copy=True).contiguous()
        if not torch.isfinite(tensors[key]).all():
            raise ValueError(f"{key} is not finite in {tensors[key].dtype}; the network is not written")
    with whole.file(folder / store.WEIGHTS) as part:
        save_file(tensors, part, metadata={"format": "pt"})
        part.chmod(0o644)  # safetensors leaves it to its owner alone
        return store.sha256(part)
