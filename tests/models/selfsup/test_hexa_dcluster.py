"""HEXA-DCluster: its objective over crops and heads against plain loops."""

import copy
import math

import pytest
import torch
from torch import Tensor, nn

from cft.models.norms import auxiliary_statistics
from cft.models.pairs import CutMixed
from cft.models.selfsup import HEXADCluster, hard_examples
from tests.models.selfsup.deep_cluster_models import Backbone, Neck, build, expected_loss, samples, set_clusters
from tests.models.selfsup.test_hard_examples import clean_side

INDICES = [4, 0, 3, 5]


class Preprocessor(nn.Module):
    """The normalisation that the model undoes for its attack."""

    mean, std = torch.tensor(100.0), torch.tensor(50.0)


def build_hexa(**weights: float) -> HEXADCluster:
    model = HEXADCluster(
        Backbone(), Neck(4), num_prototypes=(3, 2), feat_channels=4,
        hard_examples={'type': 'cft.HardExamples', **weights},
    )  # fmt: skip
    model.data_preprocessor = Preprocessor()
    set_clusters(model, num_samples=6, missing=(3,))
    return model


def crops() -> list[Tensor]:
    """Two global crops of 7 pixels and two local ones of 5, normalised."""
    return [(torch.randint(0, 256, (4, 3, size, size)) - 100.0) / 50 for size in (7, 7, 5, 5)]


def test_adversarial_term_over_all_crops() -> None:
    """The signed step of each crop by hand; same sizes share a pass, on the auxiliary side too."""
    model, views = build_hexa(adversarial_weight=0.3), crops()
    copied = copy.deepcopy(model)
    leaves = [view.clone().requires_grad_() for view in views]
    embeddings = copied.encode(leaves)
    standard = torch.stack(copied.view_losses(embeddings, copied.labels_of(samples(*INDICES)))).mean()
    gradients = torch.autograd.grad(standard, leaves)
    moved = []
    for view, gradient in zip(views, gradients, strict=True):
        pixels = ((view * 50 + 100).round() + gradient.sign()).clamp(0, 255)
        moved.append((pixels - 100) / 50)
    with torch.no_grad(), auxiliary_statistics(nn.ModuleList([copied.backbone, copied.neck])):
        expected = expected_loss(model, copied.encode(moved), INDICES, 0.1)
    losses = model.loss(views, samples(*INDICES))
    assert float(losses['loss_std'].detach()) == pytest.approx(
        expected_loss(model, [rows.detach() for rows in embeddings], INDICES, 0.1), rel=1e-5
    )
    assert float(losses['loss_adv'].detach()) == pytest.approx(0.3 * expected, rel=1e-4)
    assert model.backbone.rows[-4:] == [8, 8, 8, 8]


def test_cut_mixed_crops_share_the_partner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each crop has a box, and hence a ratio, of its own; both images' clusters are asked for, as in equation 9."""
    mixed: list[CutMixed] = []

    def record(*args: object) -> CutMixed:
        mixed.append(original(*args))
        return mixed[-1]

    original = hard_examples.cutmix
    monkeypatch.setattr(hard_examples, 'cutmix', record)
    model, views = build_hexa(adversarial_weight=0.0, cutmix_weight=2.0), crops()
    copied = copy.deepcopy(model)
    losses = model.loss(views, samples(*INDICES))
    partner = mixed[0].partner
    assert all(torch.equal(one.partner, partner) for one in mixed)
    assert len({one.ratio for one in mixed}) > 1
    with torch.no_grad():
        copied.encode(views)
        embeddings = copied.encode([one.images for one in mixed])
    partners = [INDICES[i] for i in partner.tolist()]
    total = 0.0
    for one, rows in zip(mixed, embeddings, strict=True):
        own, other = (expected_loss(model, [rows], indices, 0.1) for indices in (INDICES, partners))
        total += (one.ratio * own + (1 - one.ratio) * other) / len(mixed)
    assert float(losses['loss_cmx'].detach()) == pytest.approx(2 * total, rel=1e-4)


def test_clean_side_is_deep_cluster_bit_for_bit() -> None:
    """Loss, running statistics and collected features do not depend on the adversarial branch."""
    model, plain = build_hexa(adversarial_weight=1.0, adversarial_cutmix_weight=1.0), build()
    set_clusters(plain, num_samples=6)
    plain.load_state_dict(clean_side(model))
    for _ in range(3):
        views = crops()
        losses = model.loss(views, samples(*INDICES)), plain.loss(views, samples(*INDICES))
        torch.testing.assert_close(losses[0]['loss_std'], losses[1]['loss'], rtol=1e-6, atol=0)
    state = model.state_dict()
    assert all(torch.equal(state[name], value) for name, value in plain.state_dict().items())
    assert torch.equal(model.memory.features, plain.memory.features)
    assert model.memory.indices.tolist() == INDICES * 3
    assert not torch.allclose(state['backbone.norm.running_mean'], state['backbone.norm.auxiliary.running_mean'])


@pytest.mark.parametrize('missing', [(), tuple(range(6))])
def test_every_parameter_gets_a_gradient(missing: tuple[int, ...]) -> None:
    """Also in a batch without any cluster, whose losses are 0: DDP waits for each parameter."""
    model = build_hexa(adversarial_weight=1.0, cutmix_weight=1.0)
    set_clusters(model, num_samples=6, missing=missing)
    losses = model.loss(crops(), samples(*INDICES))
    total = sum(losses.values())
    total.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert math.isfinite(float(total.detach()))
    assert (float(total.detach()) == 0) == bool(missing)
