"""The attack on an encoder that has been trained, image by image."""

from pathlib import Path

import pytest
import torch
from digits_runs import run

from cft.models.selfsup import PixelSpace


@pytest.mark.parametrize('name', ['hexa_moco', 'hexa_dcluster'])
def test_attack_raises_the_loss_of_nearly_every_image(name: str, tmp_path: Path) -> None:
    """More than 95 % of a batch of real images; no pixel moves by more than 1 of 255 or leaves the range."""
    runner = run(name, tmp_path, iterations=12, train_dataloader__batch_size=100, subset=False)
    model = runner.model.eval()
    batch = next(iter(runner.train_dataloader))
    data = model.data_preprocessor(batch, True)
    views, samples = data['inputs'], data['data_samples']
    if name == 'hexa_moco':
        keys, queue = model.encode_keys(views, [(0, 1)])[1], model.past_keys()
        views = views[:1]

        def loss_of(image: torch.Tensor, row: int, view: int) -> torch.Tensor:
            return model.head(model.encode_query(image), keys[row : row + 1], queue)
    else:
        labels = model.labels_of(samples)

        def loss_of(image: torch.Tensor, row: int, view: int) -> torch.Tensor:
            return model.view_losses(model.encode([image]), labels[:, row : row + 1])[0]

    leaves = [view.requires_grad_() for view in views]
    rows = range(len(leaves[0]))
    total = sum(loss_of(leaf[row : row + 1], row, view) for view, leaf in enumerate(leaves) for row in rows)
    pixels = PixelSpace(model.data_preprocessor)
    attacked = model.hard_examples.attack(leaves, total, pixels)
    raised = []
    for view, (clean, adversarial) in enumerate(zip(leaves, attacked, strict=True)):
        change = pixels.restore(adversarial) - pixels.restore(clean)
        assert change.abs().max() <= 1 + 1e-3
        assert change.abs().max() > 0.5
        restored = adversarial * model.data_preprocessor.std + model.data_preprocessor.mean
        assert restored.min() >= -1e-3
        assert restored.max() <= 255 + 1e-3
        with torch.no_grad():
            for row in rows:
                before, after = (loss_of(images[row : row + 1], row, view) for images in (clean, adversarial))
                raised.append(bool(after > before))
    assert sum(raised) / len(raised) > 0.95
