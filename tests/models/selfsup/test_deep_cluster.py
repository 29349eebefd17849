"""DeepClusterV2: what it predicts, what it remembers, what it refuses."""

import copy

import pytest
import torch
from torch import nn

from cft.errors import ConfigError
from cft.models.losses import InfoNCELoss, PrototypeLoss
from tests.models.selfsup.deep_cluster_models import build, expected_loss, samples, set_clusters


@pytest.mark.parametrize('temperature', [0.1, 0.5])
@pytest.mark.parametrize('sizes', [(6, 6), (8, 8, 6, 6, 6), (6, 8, 6)])
def test_loss_is_the_mean_over_views_heads_and_assigned_samples(sizes: tuple[int, ...], temperature: float) -> None:
    """Crops of several sizes, samples without a cluster, indices in any order."""
    model = build(head=PrototypeLoss(temperature)).eval()
    set_clusters(model, 9, missing=(4,))
    indices = [7, 4, 0, 8]
    views = [torch.randn(4, 3, size, size) for size in sizes]
    embeddings = [model.neck(model.backbone(view))[-1] for view in views]
    loss = model.loss(views, samples(*indices))['loss']
    assert float(loss.detach()) == pytest.approx(expected_loss(model, embeddings, indices, temperature), rel=1e-5)


def test_default_temperature() -> None:
    assert build().head.temperature == 0.1


@pytest.mark.parametrize(
    ('sizes', 'passes'), [((6, 6), [8]), ((8, 8, 6, 6, 6), [8, 12]), ((6, 8, 6), [4, 4, 4]), ((6,), [4])]
)
def test_consecutive_views_of_one_size_pass_together(sizes: tuple[int, ...], passes: list[int]) -> None:
    """BatchNorm in training mode sees the joined views, and every view gets its own rows back."""
    model = build(crops_for_assign=1)
    views = [torch.randn(4, 3, size, size) for size in sizes]
    embeddings = model.encode(views)
    assert model.backbone.rows == passes
    reference, expected, start = build().train(), [], 0
    reference.load_state_dict(model.state_dict())
    for rows in passes:
        joined = torch.cat(views[start // 4 : (start + rows) // 4])
        expected += list(reference.neck(reference.backbone(joined))[-1])
        start += rows
    torch.testing.assert_close(torch.cat(embeddings), torch.stack(expected))


def test_embeddings_of_the_first_views_are_remembered() -> None:
    """Detached unit rows with the samples' indices, batch after batch, a short one last."""
    model, expected = build().eval(), []
    set_clusters(model, 9)
    for indices in ((5, 2, 7), (0, 1, 3), (8,)):
        views = [torch.randn(len(indices), 3, 6, 6) for _ in range(3)]
        expected.append(torch.stack([model.neck(model.backbone(view))[-1] for view in views[:2]]))
        model.loss(views, samples(*indices))
    assert model.memory.indices.tolist() == [5, 2, 7, 0, 1, 3, 8]
    torch.testing.assert_close(model.memory.features, nn.functional.normalize(torch.cat(expected, dim=1), dim=2))
    assert not model.memory.features.requires_grad


def test_prototypes_are_not_trained() -> None:
    """They are saved, yet neither parameters nor given a gradient; everything else is."""
    model = build()
    set_clusters(model, 9)
    before = copy.deepcopy(model.prototypes)
    model.loss([torch.randn(4, 3, 6, 6)] * 2, samples(0, 1, 2, 3))['loss'].backward()
    torch.optim.SGD(model.parameters(), lr=1.0, weight_decay=0.1).step()
    assert all(torch.equal(old, new) for old, new in zip(before, model.prototypes, strict=True))
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.neck.parameters())
    assert {'prototypes_0', 'prototypes_1', 'assignments'} <= set(model.state_dict())


def test_batch_without_assigned_samples() -> None:
    """The loss is 0, and every parameter has a gradient of zeros, which DDP waits for."""
    model = build()
    set_clusters(model, 9, missing=(2, 3))
    loss = model.loss([torch.randn(2, 3, 6, 6)] * 2, samples(2, 3))['loss']
    loss.backward()
    assert float(loss) == 0
    assert all(torch.equal(p.grad, torch.zeros_like(p)) for p in model.parameters())


def test_labels_by_sample_index() -> None:
    model = build()
    model.assignments.resize_(2, 4).copy_(torch.tensor([[2, 0, -1, 1], [0, 1, -1, 0]]))
    assert model.labels_of(samples(3, 2, 0, 3)).tolist() == [[1, -1, 2, 1], [0, -1, 0, 0]]


@pytest.mark.parametrize('inputs', [torch.randn(2, 3, 6, 6), [torch.randn(2, 3, 6, 6)]])
def test_too_few_views(inputs: object) -> None:
    with pytest.raises(ConfigError, match=r'at least 2 views \(crops_for_assign\).* got 1; put MultiView'):
        build().loss(inputs, samples(0, 1))


def test_samples_without_index() -> None:
    batch = samples(0, 1)
    batch[1].pop('sample_idx')
    with pytest.raises(ConfigError, match=r"without the sample_idx.*dict\(type='PackInputs'"):
        build().loss([torch.randn(2, 3, 6, 6)] * 2, batch)


def test_before_the_first_clustering() -> None:
    with pytest.raises(ConfigError, match=r"nothing has been clustered yet; add .*'cft\.ClusterHook'"):
        build().loss([torch.randn(2, 3, 6, 6)] * 2, samples(0, 1))


def test_sample_that_the_clustering_did_not_know() -> None:
    model = build()
    set_clusters(model, 9)
    with pytest.raises(ConfigError, match='sample_idx 9 is not among the 9 samples'):
        model.loss([torch.randn(2, 3, 6, 6)] * 2, samples(0, 9))


def test_neck_of_another_width() -> None:
    model = build(channels=7)
    with pytest.raises(ConfigError, match='the neck gives 7 channels, but feat_channels is 4'):
        model.collect(samples(0, 1), model.encode([torch.randn(2, 3, 6, 6)] * 2))


@pytest.mark.parametrize('settings', [{'num_prototypes': ()}, {'num_prototypes': 3}, {'num_prototypes': (3, 0)}])
def test_wrong_number_of_prototypes(settings: dict) -> None:
    with pytest.raises(ConfigError, match='num_prototypes must list'):
        build(**settings)


def test_wrong_number_of_crops() -> None:
    with pytest.raises(ConfigError, match='crops_for_assign must be at least 1, got 0'):
        build(crops_for_assign=0)


def test_head_of_another_kind() -> None:
    with pytest.raises(ConfigError, match=r"head_losses.* InfoNCELoss has none; take dict\(type='cft.PrototypeLoss'\)"):
        build(head=InfoNCELoss())


def test_the_projector_sees_all_crops_at_once() -> None:
    """SwAV's released forward pass: one BatchNorm over the pooled maps of all sizes, with one update."""
    model, views = build(), [torch.randn(4, 3, size, size) for size in (9, 9, 6, 6, 6)]
    model.neck = nn.Sequential(model.neck)
    model.neck[0].layer = nn.Sequential(nn.BatchNorm1d(5), nn.Linear(5, 4))
    reference = copy.deepcopy(model)
    pooled = []
    for group in (views[:2], views[2:]):
        pooled += [rows.mean(dim=(1, 2)) for rows in reference.backbone(torch.cat(group))[0]]
    mean, variance = torch.stack(pooled).mean(dim=0), torch.stack(pooled).var(dim=0, unbiased=False)
    expected = [reference.neck[0].layer[1]((row - mean) / (variance + 1e-5).sqrt()) for row in pooled]
    torch.testing.assert_close(torch.cat(model.encode(views)), torch.stack(expected), rtol=1e-4, atol=1e-5)
    norm = model.neck[0].layer[0]
    torch.testing.assert_close(norm.running_mean, 0.1 * mean)
    assert int(norm.num_batches_tracked) == 1
