"""The sequence network: a CNN encodes the picture, a Transformer decoder writes the characters one by one.

The decoder is that of Vaswani et al. 2017 with pre-layer normalisation (Xiong et al. 2020). The picture's features get
2-D sinusoidal position embeddings (Parmar et al. 2018), so that pictures of any size can be read.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zoo.text.alphabets import CharTokenizer


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions with a shortcut (He et al. 2016).

    Args:
        inputs, outputs: channels.
        stride: vertical and horizontal stride.
        dilations: horizontal dilation of each of the two convolutions.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: tuple[int, int] = (1, 1), dilations: tuple[int, int] = (1, 1)
    ) -> None:
        super().__init__()
        first, second = ((1, dilation) for dilation in dilations)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, first, first, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, second, second, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if inputs != outputs or stride != (1, 1):
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


@dataclass(frozen=True)
class Grid:
    """The cells that an encoder divides a picture into; they are narrow, because letters stand side by side."""

    across: int = 8  # pixels: width of a cell
    down: int = 16  # pixels: height of a cell

    def shape(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of cells in a picture of this height and width."""
        return -(-size[0] // self.down), -(-size[1] // self.across)


def stem() -> nn.Sequential:
    """The first layer: pictures (B, 3, H, W) to features (B, 48, H / 2, W / 2)."""
    return nn.Sequential(nn.Conv2d(3, 48, 3, 2, 1, bias=False), nn.BatchNorm2d(48), nn.ReLU())


def residual_blocks(width: int, count: int = 6, output_stride: int = 8) -> nn.Sequential:
    """The first `count` of the six residual blocks after the stem; the fifth and sixth have `width` channels.

    Together the six have a stride of 16 down and `output_stride`, 8 or 4, across. For 4, dilation replaces the last
    horizontal stride (Chen et al. 2017): the same weights then cover the same area, at twice as many positions.
    """
    blocks, inputs, stride, dilation = nn.Sequential(), 48, 2, 1
    plan = ((64, 2, 2), (64, 1, 1), (128, 2, 2), (128, 1, 1), (width, 2, 1), (width, 1, 1))
    for outputs, down, across in plan[:count]:
        if stride * across <= output_stride:
            stride, second = stride * across, dilation
        else:
            across, second = 1, dilation * across
        blocks.append(ResidualBlock(inputs, outputs, (down, across), (dilation, second)))
        inputs, dilation = outputs, second
    return blocks


class Encoder(nn.Module):
    """Pictures (B, 3, H, W) to the features of their N cells (B, N, width), in row-major order.

    Args:
        width: number of features.
        blocks: number of residual blocks, up to six.
        output_stride: width of a cell in pixels, 8 or 4.
    """

    def __init__(self, width: int, blocks: int = 6, output_stride: int = 8) -> None:
        super().__init__()
        self.width, self.grid = width, Grid(output_stride)
        self.stem = stem()
        self.blocks = residual_blocks(width, blocks, output_stride)
        self.norm = nn.LayerNorm(width)

    def forward(self, images: Tensor) -> Tensor:
        grid = self.blocks(self.stem(images))
        grid = grid + position_grid(self.width, grid.shape[2], grid.shape[3], self.grid.across / 8).to(grid)
        features: Tensor = self.norm(grid.flatten(2).transpose(1, 2))
        return features


def position_grid(width: int, rows: int, columns: int, apart: float = 1) -> Tensor:
    """2-D sinusoidal position embeddings (width, rows, columns); half of the channels encode the row.

    The distance of two rows is 1, that of two columns is `apart`.
    """
    rates = torch.exp(torch.arange(0, width // 2, 2) * (-math.log(1000.0) / (width // 2)))

    def waves(count: int, apart: float) -> Tensor:
        angles = torch.arange(count)[:, None] * apart * rates[None, :]
        return torch.cat([angles.sin(), angles.cos()], dim=1)

    down = waves(rows, 1)[:, None, :].expand(-1, columns, -1)
    across = waves(columns, apart)[None, :, :].expand(rows, -1, -1)
    return torch.cat([down, across], dim=2).permute(2, 0, 1)


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention of (…, Q, d) over (…, K, d): the output (…, Q, d) and the weights (…, Q, K).

    `mask` is True where a query may attend. A row that is all False gets equal weights, never NaN.
    """
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = scores.softmax(-1)
    return weights @ value, weights


class DecoderLayer(nn.Module):
    """Self-attention over the text so far, cross-attention to the picture, and a feed-forward network."""

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_qkv = nn.Linear(width, 3 * width)
        self.self_out = nn.Linear(width, width)
        self.cross_q = nn.Linear(width, width)
        self.cross_kv = nn.Linear(width, 2 * width)
        self.cross_out = nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.drop = nn.Dropout(dropout)

    def split(self, x: Tensor) -> Tensor:
        """(…, T, width) to (…, heads, T, width / heads)."""
        return x.reshape(*x.shape[:-1], self.heads, -1).transpose(-3, -2)

    def picture(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (B, heads, N, d) of cross-attention; computed once per picture."""
        key, value = self.cross_kv(features).chunk(2, dim=-1)
        return self.split(key), self.split(value)

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value (…, heads, T, d) of self-attention from states (…, T, width)."""
        query, key, value = self.self_qkv(self.norm1(x)).chunk(3, dim=-1)
        return self.split(query), self.split(key), self.split(value)

    def forward(
        self, x: Tensor, own: tuple[Tensor, Tensor, Tensor], mask: Tensor | None, picture: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Returns new states (B, T, width) and cross-attention weights (B, heads, T, N).

        `own` holds query, key and value (B, heads, T, d), or (B, T, heads, …, d) for the next character of T texts.
        """
        mixed, _ = attend(*own, mask)
        x = x + self.drop(self.self_out(mixed.transpose(-3, -2).reshape(x.shape)))
        mixed, weights = attend(self.split(self.cross_q(self.norm2(x))), *picture)
        x = x + self.drop(self.cross_out(mixed.transpose(1, 2).flatten(2)))
        return x + self.drop(self.mlp(self.norm3(x))), weights


class Seq2Seq(nn.Module):
    """Picture to text.

    Args:
        tokens: number of tokens, the special ones included.
        longest: number of characters of the longest text.
        width, heads, hidden, layers: size of the decoder.
        dropout: dropout rate of the decoder in training.
        blocks, output_stride: arguments of the encoder.
    """

    def __init__(
        self,
        tokens: int,
        longest: int = 12,
        width: int = 256,
        heads: int = 4,
        hidden: int = 512,
        layers: int = 2,
        dropout: float = 0.1,
        blocks: int = 6,
        output_stride: int = 8,
    ) -> None:
        super().__init__()
        self.longest = longest
        self.encoder = Encoder(width, blocks, output_stride)
        self.embed = nn.Embedding(tokens, width)
        self.place = nn.Parameter(torch.randn(longest + 1, width) * 0.02)
        self.layers = nn.ModuleList(DecoderLayer(width, heads, hidden, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, tokens)
        nn.init.normal_(self.embed.weight, std=0.02)

    def _decoder(self) -> list[DecoderLayer]:
        return [layer for layer in self.layers if isinstance(layer, DecoderLayer)]

    def forward(self, images: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Teacher forcing.

        Args:
            images: float (B, 3, H, W).
            tokens: int (B, T), `<bos>` first, `<pad>` after the end.

        Returns:
            Logits (B, T, tokens) of each next token, and the last layer's cross-attention (B, T, N), mean of heads.
        """
        return self.write(self.encoder(images), tokens)

    def write(self, features: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Does what `forward` does, from the encoder's features (B, N, width)."""
        length = tokens.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril()
        mask = causal & (tokens != CharTokenizer.pad)[:, None, None, :]
        x = self.embed(tokens) + self.place[:length]
        for layer in self._decoder():
            x, weights = layer(x, layer.project(x), mask, layer.picture(features))
        return self.head(self.norm(x)), weights.mean(1)

    def features(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) to the mean of their cells' features (B, width)."""
        features: Tensor = self.encoder(images).mean(1)
        return features

    def encode(self, images: Tensor) -> tuple[Tensor, ...]:
        """Pictures (B, 3, H, W) to the cross-attention keys and values of each layer in turn, all (B, heads, N, d)."""
        features = self.encoder(images)
        return tuple(part for layer in self._decoder() for part in layer.picture(features))

    def step(self, tokens: Tensor, position: Tensor, *cache: Tensor) -> tuple[Tensor, ...]:
        """Decodes one more character of T texts per picture.

        Args:
            tokens: int (B, T), the token at `position` of each text.
            position: int (), 0 for `<bos>`.
            cache: self-attention keys and values of each layer in turn, all (B, T, heads, position, d), then the result
                of `encode`.

        Returns:
            Logits (B, T, tokens), cross-attention (B, T, N), mean of heads, and the self-attention keys and values,
            longer by one position.
        """
        decoder = self._decoder()
        past, pictures = cache[: 2 * len(decoder)], cache[2 * len(decoder) :]
        x = self.embed(tokens) + self.place[position]
        present: list[Tensor] = []
        for i, layer in enumerate(decoder):
            query, key, value = layer.project(x[:, :, None])
            present += torch.cat([past[2 * i], key], -2), torch.cat([past[2 * i + 1], value], -2)
            x, weights = layer(x, (query, present[-2], present[-1]), None, (pictures[2 * i], pictures[2 * i + 1]))
        return self.head(self.norm(x)), weights.mean(1), *present
