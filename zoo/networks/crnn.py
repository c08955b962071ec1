"""Readers of words and lines: a CNN turns a picture into frames, an LSTM reads them both ways, CTC spells the text.

The architecture is that of Shi et al. 2015 with residual blocks (He et al. 2016), those of the sequence network's
encoder, whose weights it can go on from; what frames mean is in `zoo.decoding.ctc`.
"""

from torch import Tensor, nn

from zoo.decoding.ctc import FRAME
from zoo.networks.seq2seq import residual_blocks, stem


class CRNN(nn.Module):
    """Pictures to frames.

    Args:
        symbols: how many symbols a frame tells apart, the blank included.
        width: features of a frame before it is read.
        hidden: of each direction of a layer of the LSTM.
        layers: of the LSTM; 0 for none, so that a frame knows only what the CNN sees around it.
        directions: in which the LSTM reads, 1 (from the left) or 2.
        dropout: share of a frame's features dropped in training.
    """

    across = FRAME  # pixels of the picture to a frame
    down = 16  # pixels of the picture to a row of cells, before rows become one

    def __init__(
        self,
        symbols: int,
        height: int = 32,
        width: int = 256,
        hidden: int = 256,
        layers: int = 2,
        directions: int = 2,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.stem = stem()
        self.blocks = residual_blocks(width, output_stride=self.across)
        rows = height // self.down
        self.squeeze = nn.Sequential(
            nn.Conv2d(width, width, (rows, 1), bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.Dropout(dropout)
        )
        self.rnn = (
            nn.LSTM(
                width, hidden, layers, batch_first=True, dropout=dropout * (layers > 1), bidirectional=directions == 2
            )
            if layers
            else None
        )
        self.head = nn.Linear(hidden * directions if layers else width, symbols)

    def look(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) to what the CNN sees in each frame, (B, T, width)."""
        seen: Tensor = self.squeeze(self.blocks(self.stem(images)))
        return seen.squeeze(2).transpose(1, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) to the logits of their frames (B, T, symbols)."""
        seen = self.look(images)
        if self.rnn is not None:
            seen, _ = self.rnn(seen)
        logits: Tensor = self.head(seen)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) to the mean of their frames' features (B, width)."""
        return self.look(images).mean(1)
