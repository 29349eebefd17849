"""ContrastiveEncoderDecoder: short floats, and batches with few labels."""

import pytest
import torch
from torch import Tensor

from tests.models.segmentation.segmentors import BRANCH, IGNORED, PAIRED, batch, build, losses_of, model_config, watch


@pytest.mark.parametrize('smooth', [False, True])
def test_bfloat16(smooth: bool) -> None:
    """Losses in float32, gradients finite, and about the value of full precision."""
    model = build(model_config(dropout_ratio=0.0), contrastive=PAIRED, smooth_classifier=smooth)
    expected = losses_of(model)
    with torch.autocast('cpu', torch.bfloat16):
        losses = losses_of(model)
    for name in ('decode.loss_con', 'decode.loss_ce'):
        assert losses[name].dtype == torch.float32
        torch.testing.assert_close(losses[name], expected[name], rtol=0.2, atol=0.05)
    model.parse_losses(losses)[0].backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def uniform(label: int) -> Tensor:
    return torch.full((2, 32, 32), label)


@pytest.mark.parametrize('smooth', [False, True])
@pytest.mark.parametrize('case', ['nothing labelled', 'one image labelled', 'one class'])
def test_degenerate_batches(case: str, smooth: bool) -> None:
    """Finite losses and gradients; nothing to compare costs nothing and still reaches every parameter."""
    labels = {
        'nothing labelled': uniform(IGNORED),
        'one image labelled': torch.stack([uniform(IGNORED)[0], torch.arange(32).expand(32, 32) // 11]),
        'one class': uniform(1),
    }[case]
    model = build(model_config(), contrastive=PAIRED, smooth_classifier=smooth)
    losses = losses_of(model, labels)
    total = model.parse_losses(losses)[0]
    total.backward()
    assert total.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    if case == 'nothing labelled':
        assert total == 0
        assert all((p.grad == 0).all() for p in model.parameters())
    else:
        assert losses['decode.loss_con'] > 0
        assert model.backbone.conv1.weight.grad.abs().max() > 0


def test_another_ignore_index() -> None:
    """That of the decode head counts: its pixels are not sampled."""
    labels = torch.stack([torch.arange(32).expand(32, 32) // 11, torch.full((32, 32), IGNORED)])
    labels[labels == 2] = 0
    labels[labels == IGNORED] = 2
    model = build(model_config(ignore_index=2, auxiliary=False), contrastive=BRANCH)
    seen = watch(model)
    model.loss(*batch(labels))
    _, drawn, represented = seen['drawn'][0]
    assert sorted(drawn.unique().tolist()) == [0, 1]
    assert represented.sum() == (seen['given'][0][1] != 2).sum()
