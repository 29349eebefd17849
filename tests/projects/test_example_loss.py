"""SINCERE against plain loops; its configs run in the matrix of methods and tasks (tests/training)."""

import doctest
import math
import re
from pathlib import Path

import pytest
import torch

from cft.apis import load_config
from cft.apis.configs.checks import check_config
from cft.registry import MODELS
from projects.example_loss import SINCERELoss, sincere
from tests.support.command_line import ROOT


def in_loops(features: torch.Tensor, labels: list[int], temperature: float) -> float:
    """The equation, term by term, in Python numbers."""
    rows = [[float(v) for v in row / row.norm()] for row in features.double()]
    s = [[sum(a * b for a, b in zip(x, y, strict=True)) / temperature for y in rows] for x in rows]
    losses = []
    for i, own in enumerate(labels):
        positives = [p for p, label in enumerate(labels) if label == own and p != i]
        negatives = sum(math.exp(s[i][k]) for k, label in enumerate(labels) if label != own)
        if positives:
            terms = [-math.log(math.exp(s[i][p]) / (math.exp(s[i][p]) + negatives)) for p in positives]
            losses.append(sum(terms) / len(terms))
    return sum(losses) / len(losses)


@pytest.mark.parametrize('labels', [[0, 0, 1, 1], [0, 0, 0, 1, 2, 2], [3, 1, 3, 3, 3]])
@pytest.mark.parametrize('temperature', [0.07, 0.5])
def test_value(labels: list[int], temperature: float) -> None:
    features = torch.randn(len(labels), 5)
    found = SINCERELoss(temperature)(features, torch.tensor(labels))
    assert float(found) == pytest.approx(in_loops(features, labels, temperature), rel=1e-5)


@pytest.mark.parametrize('labels', [[0], [0, 1, 2], [4, 4, 4]])
def test_without_positives_or_negatives(labels: list[int]) -> None:
    """Nothing to attract, or nothing to repel: zero, and gradients of zero."""
    features = torch.randn(len(labels), 4, requires_grad=True)
    loss = SINCERELoss()(features, torch.tensor(labels))
    loss.backward()
    assert float(loss) == 0 and torch.equal(features.grad, torch.zeros_like(features))


def test_half_precision_and_small_temperatures_are_finite() -> None:
    features = torch.randn(8, 4, dtype=torch.float16)
    loss = SINCERELoss(0.01)(features, torch.arange(8) % 3)
    assert loss.dtype == torch.float32 and torch.isfinite(loss)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match='temperature must be positive'):
        SINCERELoss(0)
    with pytest.raises(ValueError, match='labels must be integers'):
        SINCERELoss()(torch.randn(2, 3), torch.rand(2))


def test_the_example_of_the_docstring() -> None:
    assert doctest.testmod(sincere, extraglobs={'torch': torch})[:] == (0, 2)


def test_short_name(tmp_path: Path) -> None:
    """As projects/README.md has it: one file of one's own says custom_imports, methods and leaves do not."""
    (tmp_path / 'base.py').write_text(
        f'_base_ = [{str(ROOT / "configs/quickstart/ce_digits.py")!r}]\n'
        "custom_imports = dict(imports=['cft', 'projects.example_loss'])\n"
    )
    (tmp_path / 'method.py').write_text(
        "method_head = dict(contrastive=dict(type='cft.ContrastiveBranch', loss=dict(type='cft.SINCERELoss')))\n"
    )
    leaf = tmp_path / 'leaf.py'
    leaf.write_text("_base_ = ['base.py', 'method.py']\nmodel = dict(head=_base_.method_head)\n")
    cfg = load_config(leaf)
    check_config(cfg)
    assert type(MODELS.build(cfg.model.head).contrastive.loss) is SINCERELoss


@pytest.mark.parametrize('readme', sorted((ROOT / 'projects').glob('*/README.md')), ids=lambda path: path.parent.name)
def test_commands_name_configs_that_hold(readme: Path) -> None:
    configs = re.findall(r'^ {4}.*?(projects/\S+\.py)', readme.read_text(), re.MULTILINE)
    assert configs
    for config in configs:
        check_config(load_config(ROOT / config))
