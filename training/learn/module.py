"""The Lightning module: one network, its loss, its optimiser."""

from typing import Any

import lightning
import numpy as np
import timm
import torch
from timm.optim import param_groups_layer_decay
from torch import Tensor, nn
from torch.nn import functional

from training.learn.dataset import Batch
from training.recipes import Recipe
from zoo.decoding.ctc import BLANK, Text, collapse
from zoo.hub import store
from zoo.letter.finder import KINDS
from zoo.networks.crnn import CRNN
from zoo.networks.finder import FinderNetwork
from zoo.networks.seq2seq import Seq2Seq
from zoo.text.alphabets import CharTokenizer


def build(recipe: Recipe) -> nn.Module:
    """The recipe's network, untrained."""
    if recipe.kind == "classifier":
        network: nn.Module = timm.create_model(
            recipe.architecture, recipe.pretrained, num_classes=len(recipe.labels), **recipe.model_args
        )
        return network
    if recipe.kind == "finder":
        return FinderNetwork(1 + len(KINDS), recipe.architecture, pretrained=recipe.pretrained, **recipe.model_args)
    if recipe.kind == "crnn":
        return CRNN(1 + len(recipe.alphabet), recipe.input_size[0], **recipe.model_args)
    return Seq2Seq(len(CharTokenizer(recipe.alphabet)), **recipe.model_args)


def reachable(*architectures: str) -> bool:
    """Whether timm's weights of these are at hand or the Hub gives them; without a net it takes a minute to tell."""
    try:
        for architecture in architectures:
            timm.create_model(architecture, pretrained=True)
    except store.UNREACHABLE:
        return False
    return True


def sequence_loss(logits: Tensor, tokens: Tensor) -> Tensor:
    """Mean cross-entropy of logits (B, T, tokens) against tokens (B, T), real tokens only."""
    return functional.cross_entropy(logits.flatten(0, 1), tokens.flatten(), ignore_index=CharTokenizer.pad)


def guidance_loss(attention: Tensor, region: Tensor) -> Tensor:
    """How little of the attention (B, T, N) falls on the letter's own cells: −log of its share, where known."""
    known = region.any(-1)
    share = (attention.float() * region).sum(-1)[known]
    return -share.clamp_min(1e-4).log().mean() if len(share) else attention.sum() * 0


def spotting_loss(logits: Tensor, tokens: Tensor, region: Tensor) -> Tensor:
    """Mean cross-entropy of cells, each against its letter: logits (B, N, classes), tokens (B, T), region (B, T, N)."""
    likelihood = logits.float().log_softmax(-1).transpose(1, 2)
    own = likelihood.gather(1, tokens[..., None].expand(-1, -1, logits.shape[1]))
    return -(own * region).sum() / region.sum().clamp_min(1)


def ctc(logits: Tensor, symbols: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """CTC loss, a mean over symbols, and whether each best path spells its text, (B,).

    Args:
        logits: (B, T, 1 + alphabet), the blank first.
        symbols: of all texts, (S,), one after the other.
        lengths: how many symbols each text has, (B,).
    """
    scores = logits.float().log_softmax(-1).transpose(0, 1)
    frames = torch.full_like(lengths, len(scores))
    # a text that its picture has too few frames for teaches nothing
    loss = functional.ctc_loss(scores, symbols, frames, lengths, BLANK, "mean", zero_infinity=True)
    return loss, torch.tensor(greedy(logits, symbols, lengths)[1], device=logits.device)


def finding(logits: Tensor, cells: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy, and whether of each picture's texts FOUND of the cells are right.

    Args:
        logits: (B, 1 + KINDS, h, w).
        cells: what each is, (B, h, w), as `finder.cell_classes` has it.
    """
    weight = torch.tensor([1.0, *(1.0 if kind == "line" else FEW for kind in KINDS)], device=logits.device)
    loss = functional.cross_entropy(logits.float(), cells, weight)
    text = cells > 0
    hits = ((logits.argmax(1) == cells) & text).sum((1, 2)) >= FOUND * text.sum((1, 2))
    return loss, hits[text.any(2).any(1)]


FEW = 2.0  # weight of a cell of a field, of which there are fewer than of lines
FOUND = 0.95


def greedy(logits: Tensor, symbols: Tensor, lengths: Tensor) -> tuple[list[Text], list[bool]]:
    """What the best paths spell, and whether each is its text; as `ctc` takes them."""
    found = [collapse(path) for path in logits.argmax(-1).tolist()]
    texts = symbols.cpu().split(lengths.tolist())
    return found, [read == tuple(text.tolist()) for read, text in zip(found, texts, strict=True)]


def freeze(network: nn.Module, frozen: bool) -> None:
    """Lets all of a timm network learn, or its last layer and normalisations only, as fastai does.

    Howard & Gugger, fastai: a layered API for deep learning, 2020.
    """
    network.requires_grad_(not frozen)
    if not frozen:
        return
    kept = [network.get_classifier(), *(part for part in network.modules() if isinstance(part, nn.BatchNorm2d))]
    for part in kept:
        part.requires_grad_(True)


def groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """What an optimiser takes: parameters by layer, each group with its learning rate; no decay of biases and scales.

    The last layer's rate is the recipe's, the first one's `spread` times smaller, those between in even steps.
    """
    rate = recipe.learning_rate or 1.0
    if recipe.spread == 1:
        learning = [p for p in network.parameters() if p.requires_grad]
        matrices, others = ([p for p in learning if (p.ndim > 1) == wide] for wide in (True, False))
        return [
            {"params": matrices, "weight_decay": recipe.weight_decay, "lr": rate},
            {"params": others, "weight_decay": 0.0, "lr": rate},
        ]
    found = param_groups_layer_decay(network, recipe.weight_decay, layer_decay=0.5)
    depth = -np.log2([group.pop("lr_scale") for group in found])  # in layers, from the last one
    for group, place in zip(found, depth / depth.max(), strict=True):
        group["lr"] = rate * float(recipe.spread**-place)  # a numpy number would keep a checkpoint from being loaded
    return found


class Reading(lightning.LightningModule):
    """Trains a recipe's network with AdamW and one cycle of the learning rate (Smith 2018).

    Args:
        recipe: how; of a training in phases that of one.
        steps: in all.
        network: as an earlier phase left it; None to build it.
    """

    def __init__(self, recipe: Recipe, steps: int, network: nn.Module | None = None) -> None:
        super().__init__()
        self.recipe, self.steps = recipe, steps
        self.network = network or build(recipe)
        if recipe.kind == "classifier":
            freeze(self.network, recipe.frozen)
        if isinstance(self.network, Seq2Seq):  # helps to train, and is not kept
            self.spotter = nn.Linear(self.network.encoder.width, len(CharTokenizer(recipe.alphabet)))

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss, and for each picture with a true text whether it was read exactly."""
        images = batch["images"].to(memory_format=torch.channels_last)
        if self.recipe.kind == "classifier":
            logits, target = self.network(images), batch["target"]
            known = target.amax(1) > 0.5
            return functional.cross_entropy(logits, target), (logits.argmax(1) == target.argmax(1))[known]
        if self.recipe.kind == "finder":
            return finding(self.network(images), batch["cells"])
        if self.recipe.kind == "crnn":
            return ctc(self.network(images), batch["symbols"], batch["lengths"])
        tokens = batch["tokens"]
        features = self.network.encoder(images)
        logits, attention = self.network.write(features, tokens[:, :-1])
        wanted = tokens[:, 1:]
        # greedy decoding is right just where every next token is, given the true ones before it
        right = ((logits.argmax(-1) == wanted) | (wanted == CharTokenizer.pad)).all(1)
        right = right[wanted[:, 0] != CharTokenizer.eos]
        loss = sequence_loss(logits, wanted)
        if self.recipe.guidance:
            loss = loss + self.recipe.guidance * guidance_loss(attention, batch["region"])
        if self.recipe.spotting:
            loss = loss + self.recipe.spotting * spotting_loss(self.spotter(features), wanted, batch["region"])
        return loss, right

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        torch.manual_seed(1_000_000 * self.recipe.seed + self.global_step)  # dropout falls the same after a resume

    def training_step(self, batch: Batch, _: int) -> Tensor:
        loss, right = self.loss(batch)
        self.log("loss/train", loss, prog_bar=True, on_step=True, on_epoch=True, batch_size=len(batch["images"]))
        if len(right):  # else all of the batch are blank
            train = right.float().mean()
            self.log("accuracy/train", train, prog_bar=True, on_step=True, on_epoch=True, batch_size=len(right))
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        loss, right = self.loss(batch)
        self.log("loss/validation", loss, prog_bar=True, batch_size=len(batch["images"]))
        if len(right):
            self.log("accuracy/validation", right.float().mean(), prog_bar=True, batch_size=len(right))

    def configure_optimizers(self) -> Any:
        learning = self.network if self.recipe.kind == "classifier" else self  # the spotter too
        optimiser = torch.optim.AdamW(groups(learning, self.recipe))
        rise = 0.2 if self.steps != 5 else 0.4  # OneCycleLR divides by zero where it rises for exactly one step
        highest = [group["lr"] for group in optimiser.param_groups]
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, highest, total_steps=self.steps, pct_start=rise)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
