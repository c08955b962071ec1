"""CRNN for words and lines: a CNN turns a picture into frames, a bidirectional LSTM reads them, CTC decodes the text.

The architecture is that of Shi et al. 2015 with residual blocks (He et al. 2016). The encoder of `zoo.networks.seq2seq`
has the same blocks, so training can start from its weights. `zoo.decoding.ctc` decodes the frames.
"""

from torch import Tensor, nn

from zoo.decoding.ctc import FRAME
from zoo.networks.seq2seq import residual_blocks, stem


class CRNN(nn.Module):
    """Pictures to the logits of frames.

    Args:
        symbols: number of symbols, the blank included.
        height: height of the pictures in pixels, a multiple of 16.
        width: number of features of a frame.
        hidden: hidden size of each direction of an LSTM layer.
        layers: number of LSTM layers; with 0 a frame sees only the CNN's receptive field.
        directions: 1 to read from the left only, 2 to read both ways.
        dropout: dropout rate of a frame's features in training.
    """

    across = FRAME  # pixels: width of a frame in the picture
    down = 16  # pixels: height of a row of features in the picture, before the rows become one

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
        """Pictures (B, 3, H, W) to the CNN's features of each frame (B, T, width)."""
        frames: Tensor = self.squeeze(self.blocks(self.stem(images)))
        return frames.squeeze(2).transpose(1, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) to the logits of their frames (B, T, symbols)."""
        frames = self.look(images)
        if self.rnn is not None:
            frames, _ = self.rnn(frames)
        logits: Tensor = self.head(frames)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) to the mean of their frames' features (B, width)."""
        return self.look(images).mean(1)
