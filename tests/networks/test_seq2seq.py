"""The masks hold by number: nothing leaks from later tokens or from padding, and nothing becomes NaN."""

import pytest
import torch

from zoo.networks.seq2seq import DecoderLayer, Encoder, Seq2Seq, attend, position_grid
from zoo.text.alphabets import CharTokenizer

TOKENS = CharTokenizer("abcdef")


@pytest.fixture(scope="module")
def network() -> Seq2Seq:
    torch.manual_seed(0)
    return Seq2Seq(len(TOKENS), longest=6, width=32, heads=4, hidden=32).eval()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(2, 3, 32, 64, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_a_later_token_changes_no_earlier_logit(network: Seq2Seq, images: torch.Tensor) -> None:
    tokens = torch.tensor([[1, 3, 4, 5, 6], [1, 6, 5, 4, 3]])
    logits, attention = network(images, tokens)
    for place in range(1, 5):
        other = tokens.clone()
        other[:, place] = 7
        changed, looked = network(images, other)
        assert torch.equal(changed[:, :place], logits[:, :place])
        assert torch.equal(looked[:, :place], attention[:, :place])
        assert not torch.allclose(changed[:, place], logits[:, place])


@torch.inference_mode()
def test_padding_changes_no_logit_before_or_after_it(network: Seq2Seq, images: torch.Tensor) -> None:
    short = torch.tensor([[1, 3, 4], [1, 6, 5]])
    padded = torch.cat([short, torch.full((2, 3), CharTokenizer.pad)], dim=1)
    torch.testing.assert_close(network(images, padded)[0][:, :3], network(images, short)[0], atol=1e-6, rtol=0)
    # a pad between real tokens: what it holds must reach nobody, not even those behind it
    between = torch.tensor([[1, 3, CharTokenizer.pad, 4], [1, 6, CharTokenizer.pad, 5]])
    before = network(images, between)[0]
    kept = network.embed.weight.data[CharTokenizer.pad].clone()
    network.embed.weight.data[CharTokenizer.pad] = torch.randn_like(kept) * 5
    after = network(images, between)[0]
    network.embed.weight.data[CharTokenizer.pad] = kept
    assert torch.equal(before[:, [0, 1, 3]], after[:, [0, 1, 3]])


@torch.inference_mode()
def test_no_mask_makes_a_row_nan(network: Seq2Seq, images: torch.Tensor) -> None:
    logits, attention = network(images, torch.zeros(2, 5, dtype=torch.int64))  # nothing but padding
    assert logits.isfinite().all() and attention.isfinite().all()
    mixed, weights = attend(*(torch.randn(1, 3, 8) for _ in range(3)), torch.zeros(3, 3, dtype=torch.bool))
    torch.testing.assert_close(weights, torch.full((1, 3, 3), 1 / 3))
    assert mixed.isfinite().all()


@torch.inference_mode()
def test_the_cache_gives_what_teacher_forcing_gives(network: Seq2Seq, images: torch.Tensor) -> None:
    """For several texts of each picture at once."""
    first, second = [[1, 3, 4, 5, 6, 7, 8], [1, 8, 7, 6, 5, 4, 3]], [[1, 3, 3, 3, 4, 5, 6], [1, 8, 3, 7, 4, 6, 5]]
    texts = torch.tensor([first, second])
    forced = [network(images, texts[:, i]) for i in range(2)]
    wanted, looked = (torch.stack(found, 1) for found in zip(*forced, strict=True))
    pictures = network.encode(images)
    past: list[torch.Tensor] = [torch.zeros(2, 2, 4, 0, 8)] * 4
    for place in range(7):
        logits, attention, *past = network.step(texts[..., place], torch.tensor(place), *past, *pictures)
        torch.testing.assert_close(logits, wanted[:, :, place], atol=1e-5, rtol=0)
        torch.testing.assert_close(attention, looked[:, :, place], atol=1e-6, rtol=0)


@torch.inference_mode()
def test_a_mirrored_picture_is_another_picture(network: Seq2Seq, images: torch.Tensor) -> None:
    tokens = torch.tensor([[1, 3], [1, 4]])
    assert not torch.allclose(network(images, tokens)[0], network(images.flip(-1), tokens)[0], atol=1e-3)


def test_positions_differ_everywhere() -> None:
    grid = position_grid(32, 3, 24).flatten(1).T
    assert torch.cdist(grid, grid).add(torch.eye(72)).min() > 0.1


@torch.inference_mode()
def test_a_finer_grid_sees_the_same_at_twice_as_many_places(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    coarse, fine = (Encoder(32, output_stride=stride).eval() for stride in (8, 4))
    fine.load_state_dict(coarse.state_dict())
    seen, finer = (encoder.blocks(encoder.stem(images)) for encoder in (coarse, fine))
    assert finer.shape[3] == 2 * seen.shape[3]
    torch.testing.assert_close(finer[..., ::2], seen)
    for encoder, grid in ((coarse, seen), (fine, finer)):
        assert encoder.grid.shape(images.shape[2:]) == tuple(grid.shape[2:])
    columns = position_grid(32, 3, 24, 0.5)
    torch.testing.assert_close(columns[..., ::2], position_grid(32, 3, 12))


def test_a_layer_splits_its_heads_without_mixing() -> None:
    layer = DecoderLayer(8, 2, 8, 0.0)
    x = torch.arange(16.0).reshape(1, 2, 8)
    assert layer.split(x)[0, 1].tolist() == [[4, 5, 6, 7], [12, 13, 14, 15]]
