"""Readers that classify: a timm backbone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from zoo.decoding.probabilities import softmax
from zoo.errors import InputError
from zoo.hub import store
from zoo.readers.base import BEST, Decoding, Look, Reader
from zoo.readers.explain import Map, activation_map
from zoo.readers.prediction import Prediction
from zoo.runtime.graph import Graph

if TYPE_CHECKING:
    import torch
    from torch import nn


class Classifier(Reader):
    """Reads a picture as one of its labels."""

    fields: ClassVar = {"num_classes": int, "label_names": list[str]}
    graph_names = ("classify",)

    @staticmethod
    def build(config: Mapping[str, Any]) -> nn.Module:
        import timm

        network: nn.Module = timm.create_model(
            config["architecture"], num_classes=config["num_classes"], **config["model_args"]
        )
        return network

    def check(self) -> None:
        super().check()
        classes = self.config["num_classes"]
        for field, kind, names in (("label_names", "names", self.labels), ("texts", "texts", self.texts)):
            if len(names) != classes:
                count = f"{len(names)} {kind} for {classes} classes"
                raise InputError(f"{self.folder / store.CONFIG}: the field {field!r} has {count}; fetch it anew.")

    def graphs(self, network: nn.Module) -> dict[str, Graph]:
        from zoo.runtime.torch import Method

        def pooled(images: torch.Tensor) -> torch.Tensor:
            timm_network: Any = network
            features: torch.Tensor = timm_network.forward_head(timm_network.forward_features(images), pre_logits=True)
            return features

        features = self.graph(Method(network, pooled), "features")
        return {"classify": self.graph(network, "logits"), "features": features}

    @property
    def layers(self) -> tuple[str, ...]:
        timm_network: Any = self.network
        return tuple(stage["module"] for stage in timm_network.feature_info)

    def see(self, images: torch.Tensor) -> None:
        timm_network: Any = self.network
        timm_network.forward_features(images)

    @property
    def labels(self) -> list[str]:
        """The class names, in the order of the logits."""
        return list(self.config["label_names"])

    @property
    def texts(self) -> list[str]:
        """The text of each class; its name unless config.json says otherwise."""
        return list(self.config["glyphzoo"].get("texts", self.labels))

    def logits(self, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Uncalibrated logits (B, classes) of a batch (B, 3, H, W)."""
        (logits,) = self._run("classify", images=inputs)
        return logits

    def predict(self, look: Look, decoding: Decoding) -> list[Prediction]:
        probabilities = softmax(look.outputs[0] / self.settings.temperature)
        predictions = []
        for row, pixels in zip(probabilities, look.inputs, strict=True):
            best = np.argsort(-row, kind="stable")[:BEST].tolist()
            answers = [(self.texts[i], float(row[i])) for i in best]
            characters = ((c, answers[0][1], None) for c in answers[0][0])
            predictions.append(self.prediction(answers, characters, pixels, (best[0],), self.labels[best[0]]))
        return predictions

    def heat(self, look: Look, answer: Prediction) -> tuple[Map, Map]:
        """The class activation map of the answer."""
        import torch

        images = torch.from_numpy(look.inputs).to(self.device)
        cam = activation_map(self.explained_layer, lambda: self.network(images)[0, answer.tokens[0]])
        return cam, cam[None][:0]
