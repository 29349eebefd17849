"""The attack on an encoder that has been trained, image by image."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from cft.models.adversarial import PixelSpace
from tests.support.digits_runs import run

pytestmark = pytest.mark.slow


def image_losses(name: str, model: nn.Module, views: list[Tensor], samples: list) -> Callable[[Tensor], list[Tensor]]:
    """The standard loss of each image of a batch alone, against fixed keys or clusters."""
    if name == 'hexa_moco':
        keys, queue = model.encode_keys(views, [(0, 1)])[1], model.past_keys()
        return lambda images: [
            model.head(query[None], key[None], queue)
            for query, key in zip(model.encode_query(images), keys, strict=True)
        ]
    labels = model.labels_of(samples)
    return lambda images: [
        model.view_losses([row[None]], label[:, None])[0]
        for row, label in zip(model.encode([images])[0], labels.T, strict=True)
    ]


@pytest.mark.parametrize(('name', 'epochs'), [('hexa_moco', 5), ('hexa_dcluster', 2)])
def test_attack_raises_the_loss_of_nearly_every_image(name: str, epochs: int, tmp_path: Path) -> None:
    """More than 95 % of a batch of real images; no pixel moves by more than 1 of 255 or leaves the range."""
    runner = run(name, tmp_path, iterations=epochs, train_dataloader__batch_size=100, subset=False)
    model = runner.model.eval()
    data = model.data_preprocessor(next(iter(runner.train_dataloader)), True)
    views = data['inputs']
    losses_of = image_losses(name, model, views, data['data_samples'])
    clean = views[0].requires_grad_()
    before = torch.stack(losses_of(clean))
    gradients, pixels = torch.autograd.grad(before.sum(), [clean]), PixelSpace(model.data_preprocessor)
    (adversarial,) = model.hard_examples.attack([clean], gradients, pixels)
    change = (pixels.restore(adversarial) - pixels.restore(clean)).abs().max()
    assert 0.5 < change <= 1 + 1e-3
    restored = adversarial * model.data_preprocessor.std + model.data_preprocessor.mean
    assert restored.min() >= -1e-3
    assert restored.max() <= 255 + 1e-3
    with torch.no_grad():
        after = torch.stack(losses_of(adversarial))
    assert len(before) == 100
    assert float((after > before).float().mean()) > 0.95
