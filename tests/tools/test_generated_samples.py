"""What is counted of the pixels and of what is generated from them."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from cft.apis import train
from tests.support.command_line import ROOT
from tests.support.tasks import quickstart_config


@pytest.fixture(scope='module')
def tool() -> SimpleNamespace:
    path = list(sys.path)
    try:
        sys.path.insert(0, str(ROOT / 'tools'))
        return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools' / 'analysis' / 'generated_samples.py')))
    finally:
        sys.path[:] = path


def border_by_loops(labels: torch.Tensor, ignored: int) -> torch.Tensor:
    found = torch.zeros_like(labels, dtype=torch.bool)
    images, rows, columns = labels.shape
    for image in range(images):
        for row in range(rows):
            for column in range(columns):
                for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                    other_row, other_column = row + down, column + right
                    if 0 <= other_row < rows and 0 <= other_column < columns:
                        pair = {labels[image, row, column].item(), labels[image, other_row, other_column].item()}
                        found[image, row, column] |= len(pair) == 2 and ignored not in pair
    return found


def test_borders_equal_loops(tool: SimpleNamespace) -> None:
    torch.manual_seed(0)
    labels = torch.randint(0, 3, (2, 6, 5))
    labels[torch.rand(labels.shape) < 0.2] = 255
    expected = border_by_loops(labels, 255)
    assert expected.any() and not expected.all()
    assert torch.equal(tool.borders(labels, 255), expected)
    assert not tool.borders(torch.zeros(1, 4, 4, dtype=torch.long), 255).any()


@pytest.mark.slow
def test_shares_of_a_trained_model(tool: SimpleNamespace, tmp_path: Path) -> None:
    """Each row of shares is of 100 per cent; most pixels are background, and less of what is generated is."""
    cfg = quickstart_config('ce', 'seg', tmp_path / 'data', tmp_path / 'work')
    cfg.default_hooks.checkpoint.update(interval=3, save_last=True)
    train(cfg)
    (config,) = (tmp_path / 'work').glob('*.py')
    pairs = "loss=dict(type='cft.SupConLoss'), pairs=dict(type='cft.HardPairMixup')"
    text = f"{config.read_text()}\nmodel['contrastive'] = dict(type='cft.ContrastiveBranch', {pairs})\n"
    (tmp_path / 'with_pairs.py').write_text(text)
    found = tool.measure(str(tmp_path / 'with_pairs.py'), str(tmp_path / 'work' / 'iter_3.pth'), batches=2)
    assert all(sum(shares.values()) == pytest.approx(100, abs=0.1) for shares in found.values())
    pixels, generated = (found[name]['background'] for name in list(found)[:2])
    assert pixels > 50 and generated < pixels
    assert pixels > found['generated, weighted towards the class frequencies']['background'] > generated
