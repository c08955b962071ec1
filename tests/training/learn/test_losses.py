"""What the training of a network that reads letter by letter makes small."""

import torch

from training.learn.module import guidance_loss, sequence_loss, spotting_loss


def test_the_loss_counts_real_tokens_only() -> None:
    logits = torch.randn(2, 4, 9, requires_grad=True)
    tokens = torch.tensor([[3, 4, 2, 0], [5, 2, 0, 0]])
    loss = sequence_loss(logits, tokens)
    by_hand = [-logits[b, t].log_softmax(-1)[tokens[b, t]] for b in range(2) for t in range(4) if tokens[b, t] != 0]
    torch.testing.assert_close(loss, torch.stack(by_hand).mean())
    loss.backward()
    assert logits.grad is not None
    assert not logits.grad[0, 3].any() and not logits.grad[1, 2:].any()
    assert logits.grad[0, 2].any()


def test_the_guidance_ignores_letters_without_a_box() -> None:
    attention = torch.full((1, 2, 4), 0.25)
    region = torch.tensor([[[1.0, 1, 0, 0], [0, 0, 0, 0]]])
    torch.testing.assert_close(guidance_loss(attention, region), -torch.tensor(0.5).log())
    assert guidance_loss(attention, torch.zeros(1, 2, 4)) == 0


def test_each_cell_is_to_tell_the_letter_it_lies_in() -> None:
    tokens = torch.tensor([[5, 3]])
    region = torch.tensor([[[1.0, 1, 0, 0], [0, 0, 1, 0]]])  # the last cell lies in no letter
    logits = torch.zeros(1, 4, 8)
    torch.testing.assert_close(spotting_loss(logits, tokens, region), torch.tensor(8.0).log())
    for cell, letter in enumerate((5, 5, 3)):
        logits[0, cell, letter] = 50
    assert spotting_loss(logits, tokens, region) < 1e-6
    assert spotting_loss(logits, tokens.flip(1), region) > 10
    logits[0, 3] = torch.randn(8)
    assert spotting_loss(logits, tokens, region) < 1e-6
    assert spotting_loss(logits, tokens, torch.zeros(1, 2, 4)) == 0
