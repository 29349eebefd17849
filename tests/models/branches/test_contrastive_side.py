"""ContrastiveSide: the branch that heads of all tasks build and weigh."""

import pytest
import torch
from torch import nn

from cft.errors import ConfigError
from cft.models.branches import ContrastiveSide, zero_through
from tests.support.comparison import random_rows

LABELS = torch.tensor([0, 1, 0, 1, 2])
BRANCH = {'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SupConLoss', 'temperature': 0.2}, 'loss_weight': 0.5}
PAIRS = {'type': 'cft.HardPairMixup'}


class Side(ContrastiveSide, nn.Module):
    """The mix-in alone, on features of width 5."""

    def __init__(self, branch: dict | None = BRANCH, smooth: bool = False, weights: dict | None = None) -> None:
        super().__init__()
        self.init_contrastive(5, branch, smooth, weights)


def with_projector(**settings: object) -> dict:
    return BRANCH | {'projector': {'type': 'cft.MLPProjector', 'out_channels': 4, **settings}}


def test_projector_is_as_wide_as_the_features() -> None:
    """Filled in where the config leaves it out; the config itself stays as it was, to be used again."""
    config = with_projector()
    layers = Side(config).contrastive.projector.layers
    assert (layers[0].in_features, layers[0].out_features, layers[-1].out_features) == (5, 5, 4)
    assert config == with_projector()


def test_explicit_width_is_respected() -> None:
    """A user's number counts, even where it does not fit: then torch says so."""
    assert Side(with_projector(in_channels=7)).contrastive.projector.layers[0].in_features == 7
    assert Side(with_projector(hidden_channels=9)).contrastive.projector.layers[0].out_features == 9


@pytest.mark.parametrize('branch', [BRANCH, BRANCH | {'projector': None}])
def test_no_projector(branch: dict) -> None:
    assert Side(branch).contrastive.projector is None


def test_no_branch() -> None:
    side = Side(None)
    assert side.contrastive is None
    assert not side.trains_contrastively
    assert not list(side.parameters())


def test_loss_is_that_of_the_branch_times_the_weight() -> None:
    """The branch's own weight and that of the stage multiply."""
    side, rows = Side(with_projector(), weights={'loss_con': 3.0}).double(), random_rows(5)
    loss, mixed = side.contrastive_loss(rows, LABELS, 3)
    plain = side.contrastive.loss(side.contrastive.projector(rows), LABELS)
    torch.testing.assert_close(loss, 1.5 * plain, rtol=1e-12, atol=0)
    assert mixed is None
    assert side.trains_contrastively


def test_generated_samples_are_handed_on() -> None:
    side, rows = Side(BRANCH | {'pairs': PAIRS}, smooth=True), random_rows(5)
    torch.manual_seed(1)
    _, mixed = side.contrastive_loss(rows, LABELS, 4)
    torch.manual_seed(1)
    expected = side.contrastive.pairs(rows, LABELS, 4)
    assert all(torch.equal(a, b) for a, b in zip(mixed, expected, strict=True))
    assert mixed.positive_targets.shape == (5, 4)


def test_weight_zero_computes_nothing() -> None:
    """No pair is drawn and the projector not called; every parameter is reached, for DDP."""
    side, rows = Side(with_projector() | {'pairs': PAIRS}, weights={'loss_con': 0.0}), random_rows(5).float()
    side.contrastive.projector.register_forward_pre_hook(lambda *_: pytest.fail('the projector was called'))
    state = torch.random.get_rng_state()
    loss, mixed = side.contrastive_loss(rows, LABELS, 3)
    assert torch.equal(state, torch.random.get_rng_state())
    assert loss == 0
    assert mixed is None
    loss.backward()
    assert all((parameter.grad == 0).all() for parameter in side.parameters())


def test_weight_zero_leaves_the_samples_of_a_smooth_classifier() -> None:
    """Mixup without contrast: the same samples, no contrastive loss, the projector not called but reached."""
    side, rows = Side(with_projector() | {'pairs': PAIRS}, smooth=True, weights={'loss_con': 0.0}), random_rows(5)
    side.contrastive.projector.register_forward_pre_hook(lambda *_: pytest.fail('the projector was called'))
    torch.manual_seed(1)
    loss, mixed = side.contrastive_loss(rows, LABELS, 3)
    torch.manual_seed(1)
    expected = side.contrastive.pairs(rows, LABELS, 3)
    assert all(torch.equal(a, b) for a, b in zip(mixed, expected, strict=True))
    assert loss == 0 and loss.requires_grad
    side.contrastive.pairs.enabled = False
    assert side.contrastive_loss(rows, LABELS, 3)[1] is None


def test_views_need_a_task_that_has_them() -> None:
    with pytest.raises(ConfigError, match="positives='view' needs several views .* a Side sees one"):
        Side(BRANCH | {'positives': 'view'})


def test_weights() -> None:
    """One by default; a change keeps those that it does not name."""
    side = Side()
    assert side.loss_weights == {'loss_ce': 1.0, 'loss_con': 1.0}
    side.set_loss_weights({'loss_con': 0.0})
    assert side.loss_weights == {'loss_ce': 1.0, 'loss_con': 0.0}
    assert not side.trains_contrastively
    assert Side(weights={'loss_ce': 0.3}).loss_weights == {'loss_ce': 0.3, 'loss_con': 1.0}
    assert Side().loss_weights is not Side().loss_weights


def test_unknown_weight() -> None:
    """Named with those that there are; nothing is changed."""
    with pytest.raises(ConfigError, match=r"unknown loss_weights \['loss_cls'\]; there are \['loss_ce', 'loss_con'\]"):
        Side(weights={'loss_cls': 1.0})
    side = Side()
    with pytest.raises(ConfigError):
        side.set_loss_weights({'loss_ce': 0.0, 'con': 1.0})
    assert side.loss_weights == {'loss_ce': 1.0, 'loss_con': 1.0}


@pytest.mark.parametrize('branch', [None, BRANCH], ids=['no branch', 'no pairs'])
def test_smooth_classifier_needs_generated_samples(branch: dict | None) -> None:
    with pytest.raises(ValueError, match=r'smooth_classifier=True needs .*pairs=dict'):
        Side(branch, smooth=True)


def test_classifiers_are_the_heads_to_name() -> None:
    with pytest.raises(NotImplementedError):
        _ = Side().classifiers


def test_zero_through_reaches_what_is_trained() -> None:
    """In float32 whatever the types; frozen parameters get no gradient, infinities are no concern of it."""
    module = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)).half()
    module[0].requires_grad_(False)
    zero = zero_through(module, torch.randn(4, 2).half())
    assert zero.dtype == torch.float32
    assert zero == 0
    zero.backward()
    assert all(parameter.grad is None for parameter in module[0].parameters())
    assert all((parameter.grad == 0).all() for parameter in module[1].parameters())
