"""Generated samples, branch and head of released code: what each switch changes, and that off is the paper's form."""

from collections.abc import Callable

import pytest
import torch
from mmpretrain.structures import DataSample
from torch import Tensor

from cft.apis import load_config
from cft.models import HardPairMixup
from cft.registry import MODELS
from projects.released_code import ReleasedHardPairMixup
from projects.released_code.pairs import zero_masked_positive
from tests.projects.released_oracles import zero_masked
from tests.support.command_line import ROOT
from tests.support.comparison import random_rows

LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])
CONFIGS = ROOT / 'projects' / 'released_code' / 'configs'
BRANCH = 'model.head.contrastive.'


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('activation', [torch.relu, torch.nn.Identity()])
def test_zero_masked_arg_min(activation: Callable[[Tensor], Tensor], seed: int) -> None:
    features = activation(random_rows(10, seed=seed))
    assert zero_masked_positive(features, LABELS).tolist() == zero_masked(features, LABELS)


@pytest.mark.parametrize('seed', range(5))
def test_after_a_relu_it_is_never_a_positive(seed: int) -> None:
    """The anchor itself unless sample 0 is of its class; then the first sample of another class, or the anchor."""
    features, labels = random_rows(40, seed=seed).abs() + 0.01, torch.randint(4, (40,))
    found = zero_masked_positive(features, labels)
    first = int((labels != labels[0]).nonzero()[0])
    for i, index in enumerate(found.tolist()):
        assert index == (min(i, first) if labels[i] == labels[0] and i else i)


def test_any_partner_is_a_permutation_of_the_batch() -> None:
    torch.manual_seed(0)
    partner, exists = ReleasedHardPairMixup(any_partner=True).negative_partners(LABELS)
    assert sorted(partner.tolist()) == list(range(10)) and exists.all()
    labels = torch.arange(1000) % 10
    partner, _ = ReleasedHardPairMixup(any_partner=True).negative_partners(labels)
    assert 60 < int((labels[partner] == labels).sum()) < 140


def test_pairs_without_a_switch_are_the_papers() -> None:
    features = random_rows(10)
    pairs = []
    for generator in (HardPairMixup(alpha=0.4), ReleasedHardPairMixup(alpha=0.4)):
        torch.manual_seed(0)
        pairs.append(generator(features, LABELS, 4))
    assert all(map(torch.equal, *pairs))


def gradients(config: str, settings: dict[str, object]) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
    """Losses, gradients of the head's parameters and of its features, on one batch with fixed draws."""
    cfg = load_config(CONFIGS / config, settings)
    torch.manual_seed(0)
    head = MODELS.build(cfg.model.head)
    torch.nn.init.normal_(head.fc.weight)
    features = random_rows(20, 64, seed=7).abs().float().requires_grad_()
    samples = [DataSample().set_gt_label(index % 5) for index in range(20)]
    torch.manual_seed(1)
    losses = head.loss((features,), samples)
    sum(losses.values()).backward()
    return losses, {name: p.grad for name, p in head.named_parameters()}, features.grad


@pytest.mark.parametrize('method', ['coretuning', 'coin', 'scl'])
def test_parts_without_a_switch_train_as_the_papers_form(method: str) -> None:
    """Losses and every gradient are those of the config in configs/ that they stand for."""
    own = gradients(f'{method}_digits.py', {})
    paper = load_config(CONFIGS / f'{method}_digits.py').model.head
    settings = {f'{BRANCH}loss_weight': paper.contrastive.get('loss_weight', 1.0)}
    settings[f'{BRANCH}loss.temperature'] = paper.contrastive.loss.temperature
    theirs = gradients(f'../../../configs/quickstart/{method}_digits.py', settings)
    torch.testing.assert_close(own, theirs)


def test_detached_originals() -> None:
    """What reaches the features comes through the mixtures; with both switches alone."""
    paper, parts, whole = gradients('coretuning_digits.py', {})
    found = {}
    for name, settings in {
        'contrast': {f'{BRANCH}detach_originals': True},
        'classifier': {'model.head.detach_originals': True},
        'both': {f'{BRANCH}detach_originals': True, 'model.head.detach_originals': True},
    }.items():
        losses, others, found[name] = gradients('coretuning_digits.py', settings)
        torch.testing.assert_close(losses, paper)
        torch.testing.assert_close(others, parts)
    through_originals = {name: whole - part for name, part in found.items()}
    torch.testing.assert_close(
        through_originals['contrast'] + through_originals['classifier'], through_originals['both']
    )
    assert all(part.abs().max() > 1e-4 for part in [*found.values(), *through_originals.values()])


def test_classifier_without_bias() -> None:
    _, parts, _ = gradients('coin_digits.py', {'model.head.bias': False})
    assert 'fc.weight' in parts and 'fc.bias' not in parts
