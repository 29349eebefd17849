"""ContrastiveBranch: pairs, projector, loss and weight put together."""

import pytest
import torch
from mmengine.registry import MODELS as MMENGINE_MODELS
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.branches import ContrastiveBranch
from cft.models.losses import FocalSupConLoss, SCHaNeLoss, SupConLoss
from tests.support.comparison import random_rows, value_and_gradients

LABELS = torch.tensor([0, 1, 2, 0, 3, 2, 1, 2, 0, 2])
PAIRS = ['cft.HardPairMixup', 'cft.ManifoldMixup']


def build(pairs: str | None = None, *, projected: bool = True, loss: str = 'SupConLoss', **options: float) -> nn.Module:
    """A float64 branch from 5 features to 4 projections, always with the same parameters."""
    torch.manual_seed(3)
    projector = {'type': 'cft.MLPProjector', 'in_channels': 5, 'out_channels': 4} if projected else None
    return ContrastiveBranch(
        loss={'type': f'cft.{loss}', 'temperature': 0.2},
        projector=projector,
        pairs=None if pairs is None else {'type': pairs},
        **options,
    ).double()


def run(branch: nn.Module, features: Tensor, labels: Tensor = LABELS) -> tuple[Tensor, tuple | None]:
    """Call the branch with a fixed seed, so that its pairs can be drawn again."""
    torch.manual_seed(5)
    return branch(features, labels, 4)


@pytest.mark.parametrize('projected', [False, True])
@pytest.mark.parametrize('kind', [SupConLoss, SCHaNeLoss])
def test_without_pairs_it_is_loss_of_projection(projected: bool, kind: type[nn.Module]) -> None:
    """No generated samples; without a projector the loss acts on the features themselves."""
    branch = build(projected=projected, loss=kind.__name__)
    value, mixed = run(branch, random_rows(10))
    rows = branch.projector(random_rows(10)) if projected else random_rows(10)
    assert torch.equal(value, kind(0.2)(rows, LABELS))
    assert mixed is None
    assert (branch.projector is not None) == projected


@pytest.mark.parametrize('projected', [False, True])
@pytest.mark.parametrize('pairs', PAIRS)
@pytest.mark.parametrize('kind', [SupConLoss, FocalSupConLoss])
def test_with_pairs_it_is_the_manual_composition(projected: bool, pairs: str, kind: type[nn.Module]) -> None:
    """Pairs from the features, everything projected, generated samples as masked extras; same seed, same result."""
    branch, drawn = build(pairs, projected=projected, loss=kind.__name__), []

    def compose(features: Tensor) -> Tensor:
        torch.manual_seed(5)
        mixed = branch.pairs(features, LABELS, 4)
        project = branch.projector if projected else nn.Identity()
        rows = [project(part) for part in (features, mixed.positives, mixed.negatives)]
        masks = {'positive_mask': mixed.positive_mask, 'negative_mask': mixed.negative_mask}
        drawn.append(mixed)
        return kind(0.2)(rows[0], LABELS, *rows[1:], **masks)

    def call(features: Tensor) -> Tensor:
        value, mixed = run(branch, features)
        drawn.append(mixed)
        return value

    results = [value_and_gradients(function, random_rows(10)) for function in (call, compose)]
    (value, gradients), (expected, expected_gradients) = results
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(gradients, expected_gradients, rtol=1e-10, atol=1e-13)
    assert all(torch.equal(a, b) for a, b in zip(*drawn, strict=True))
    assert abs(value - run(build(projected=projected, loss=kind.__name__), random_rows(10))[0]) > 1e-3


@pytest.mark.parametrize(('pairs', 'rows'), [(None, 10), *((name, 30) for name in PAIRS)])
def test_projector_is_called_once(pairs: str | None, rows: int) -> None:
    """One call on originals, positives and negatives together, so that a BatchNorm sees one batch."""
    branch, sizes = build(pairs), []
    branch.projector.register_forward_hook(lambda module, inputs, output: sizes.append(len(inputs[0])))
    run(branch, random_rows(10))
    assert sizes == [rows]


@pytest.mark.parametrize('pairs', PAIRS)
def test_masked_rows_do_not_reach_the_loss(pairs: str) -> None:
    """In a one-class batch there is no negative: the loss with the positives alone."""
    branch, labels = build(pairs, projected=False), torch.zeros(10).long()
    value, mixed = run(branch, random_rows(10), labels)
    assert not mixed.negative_mask.any()
    torch.testing.assert_close(value, SupConLoss(0.2)(random_rows(10), labels, mixed.positives), rtol=1e-12, atol=0)


def test_disabled_pairs_are_skipped() -> None:
    """A hook may switch mixing off and on again; off, not even a random number is drawn."""
    branch, plain = build('cft.HardPairMixup'), build()
    branch.pairs.enabled = False
    value, mixed = run(branch, random_rows(10))
    state = torch.random.get_rng_state()
    torch.manual_seed(5)
    assert torch.equal(state, torch.random.get_rng_state())
    assert mixed is None
    assert torch.equal(value, run(plain, random_rows(10))[0])
    branch.pairs.enabled = True
    assert run(branch, random_rows(10))[1] is not None


def test_views_of_an_image_are_positives_whatever_the_label() -> None:
    """With two views SupCon on the images' numbers is NT-Xent: of the other 2n - 1 rows one is the right one."""
    branch = ContrastiveBranch({'type': 'cft.SupConLoss', 'temperature': 0.2}, positives='view')
    features, images = random_rows(10), torch.arange(5).repeat(2)
    value, mixed = branch(features, torch.zeros(10).long(), 1, images=images)
    unit = features / features.norm(dim=1, keepdim=True)
    losses = []
    for i in range(10):
        scores = [torch.exp(unit[i] @ unit[k] / 0.2) for k in range(10)]
        losses.append(-torch.log(scores[(i + 5) % 10] / (sum(scores) - scores[i])))
    torch.testing.assert_close(value, sum(losses) / 10, rtol=1e-12, atol=0)
    assert mixed is None
    # The order of the rows says nothing.
    order = torch.tensor([3, 8, 0, 1, 2, 9, 4, 7, 5, 6])
    again, _ = branch(features[order], torch.zeros(10).long(), 1, images=images[order])
    torch.testing.assert_close(again, value, rtol=1e-12, atol=0)


def test_a_branch_that_makes_no_sense_is_refused() -> None:
    """One line that says what to change."""
    loss = {'type': 'cft.SupConLoss'}
    with pytest.raises(ConfigError, match="positives must be 'class' or 'view', got 'views'"):
        ContrastiveBranch(loss, positives='views')
    with pytest.raises(ConfigError, match='pairs are generated from classes'):
        ContrastiveBranch(loss, pairs={'type': 'cft.HardPairMixup'}, positives='view')
    with pytest.raises(ConfigError, match='TripletLoss takes no generated pairs'):
        ContrastiveBranch({'type': 'cft.TripletLoss'}, pairs={'type': 'cft.HardPairMixup'})


@pytest.mark.parametrize('pairs', PAIRS)
def test_generated_samples_alone(pairs: str) -> None:
    """Those that the whole branch would generate; none while the generator is off, or where there is none."""
    branch = build(pairs)
    torch.manual_seed(5)
    alone = branch.generate(random_rows(10), LABELS, 4)
    assert all(torch.equal(a, b) for a, b in zip(alone, run(branch, random_rows(10))[1], strict=True))
    branch.pairs.enabled = False
    assert branch.generate(random_rows(10), LABELS, 4) is None
    assert build().generate(random_rows(10), LABELS, 4) is None


@pytest.mark.parametrize('pairs', [None, *PAIRS])
def test_loss_weight_scales_value_and_gradient(pairs: str | None) -> None:
    """The weight multiplies the loss and nothing else, and may be changed later."""
    features = [random_rows(10).requires_grad_() for _ in range(3)]
    heavy, changed = build(pairs, loss_weight=8.0), build(pairs)
    changed.loss_weight = 8.0
    values = [run(branch, rows)[0] for branch, rows in zip((build(pairs), heavy, changed), features, strict=True)]
    for value in values:
        value.backward()
    for value, rows in zip(values[1:], features[1:], strict=True):
        assert torch.equal(value, 8 * values[0])
        torch.testing.assert_close(rows.grad, 8 * features[0].grad, rtol=1e-12, atol=0)


@pytest.mark.parametrize('pairs', [None, *PAIRS])
def test_gradient_reaches_features_and_projector(pairs: str | None) -> None:
    """The branch trains the encoder on every row, and every parameter of the projector."""
    branch, features = build(pairs), random_rows(10).requires_grad_()
    run(branch, features)[0].backward()
    assert (features.grad != 0).any(dim=1).all()
    for name, parameter in branch.projector.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 1e-6, name


@pytest.mark.parametrize('pairs', [None, *PAIRS])
def test_no_rows(pairs: str | None) -> None:
    """A batch without rows (no sampled region on this rank) costs 0 and still reaches every parameter."""
    branch = build(pairs)
    value, _ = run(branch, torch.zeros(0, 5).double(), torch.zeros(0).long())
    value.backward()
    assert value == 0
    assert all((parameter.grad == 0).all() for parameter in branch.parameters())


def test_is_found_under_its_scope() -> None:
    """Any OpenMMLab library builds it as ``cft.ContrastiveBranch``."""
    built = MMENGINE_MODELS.build({'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SupConLoss'}})
    assert type(built) is ContrastiveBranch
