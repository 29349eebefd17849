"""DeepClusterV2: prototypes and assignments from what was collected, in checkpoints and memory."""

import pytest
import torch
from torch import Tensor

from cft.errors import ConfigError
from cft.models.selfsup import DeepClusterV2
from cft.models.selfsup.feature_memory import FeatureMemory
from tests.models.selfsup.deep_cluster_models import build, dot, samples, set_clusters, unit


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def collect(model: DeepClusterV2, batches: list[list[int]]) -> list[dict[int, list[float]]]:
    """Random embeddings of the samples; for each crop the last unit row of each sample."""
    last: list[dict[int, list[float]]] = [{} for _ in range(model.crops_for_assign)]
    for batch in batches:
        embeddings = [torch.randn(len(batch), 4) for _ in range(model.crops_for_assign + 1)]
        model.collect(samples(*batch), embeddings)
        for crop, rows in zip(last, embeddings, strict=False):
            crop.update({index: unit(row) for index, row in zip(batch, rows.tolist(), strict=True)})
    return last


BATCHES = {
    'each once': [[3, 1, 7, 0], [5, 2, 8, 4], [6]],
    'some repeated': [[3, 1, 7, 3], [5, 2, 1, 4], [6, 0, 8]],
    'some missing': [[3, 1, 7], [5, 2, 8]],
}


@pytest.mark.parametrize('crops', [1, 2, 3])
@pytest.mark.parametrize('batches', BATCHES)
def test_clustering_is_at_rest(batches: str, crops: int) -> None:
    """Each sample counts once and last: prototypes are the directions of their members' sums, labels the nearest.

    Head h clusters crop ``h mod crops``.
    """
    model = build(num_prototypes=(3, 2, 3, 2), crops_for_assign=crops)
    last = collect(model, BATCHES[batches])
    model.update_prototypes(9, seeded(), iterations=30)
    assert model.assignments.shape == (4, 9)
    for head, (prototypes, labels) in enumerate(zip(model.prototypes, model.assignments.tolist(), strict=True)):
        rows = last[head % crops]
        centroids = prototypes.tolist()
        for index, label in enumerate(labels):
            if index not in rows:
                assert label == -1
                continue
            cosines = [dot(rows[index], centroid) for centroid in centroids]
            assert cosines[label] == pytest.approx(max(cosines), abs=1e-6)
        for cluster, centroid in enumerate(centroids):
            members = [row for index, row in rows.items() if labels[index] == cluster]
            assert members
            total = [sum(column) for column in zip(*members, strict=True)]
            assert centroid == pytest.approx(unit(total), abs=1e-5)
    assert len(model.memory) == 0


def test_iterations_and_generator() -> None:
    """The same generator gives the same clusters, another start or more iterations others."""

    def prototypes(seed: int, iterations: int) -> Tensor:
        torch.manual_seed(0)
        model = build(num_prototypes=(3,))
        collect(model, [list(range(40))])
        torch.manual_seed(iterations)
        model.update_prototypes(40, seeded(seed), iterations)
        return model.prototypes_0.clone()

    assert torch.equal(prototypes(0, 1), prototypes(0, 1))
    assert not torch.equal(prototypes(0, 1), prototypes(1, 1))
    assert not torch.equal(prototypes(0, 1), prototypes(0, 3))


def test_fewer_images_than_prototypes() -> None:
    model = build(num_prototypes=(3,))
    collect(model, [[0, 1, 0]])
    with pytest.raises(ConfigError, match='3 clusters need as many rows, got 2'):
        model.update_prototypes(9)


def test_all_images_alike() -> None:
    """Empty clusters stay where they are; nobody is without a label."""
    model = build(num_prototypes=(3,))
    for _ in range(2):
        model.collect(samples(*range(5)), [torch.ones(5, 4)] * 2)
        model.update_prototypes(5)
    assert model.assignments.tolist() == [[0] * 5]
    assert torch.isfinite(model.prototypes_0).all()


def test_network_without_output_gives_no_label() -> None:
    """Rows without direction belong to no cluster."""
    model = build(num_prototypes=(2,))
    rows = torch.eye(4)
    rows[1] = 0
    model.collect(samples(0, 1, 2, 3), [rows, rows])
    model.update_prototypes(4)
    assert (model.assignments[0] == -1).tolist() == [False, True, False, False]


def test_checkpoint_resizes_the_assignments_in_place() -> None:
    """References to the buffer, such as DDP's, see the loaded values."""
    source, target = build(), build()
    set_clusters(source, 9)
    reference = target.assignments
    target.load_state_dict(source.state_dict())
    assert reference is target.assignments
    assert torch.equal(reference, source.assignments)
    # Smaller again, and back by clustering other data.
    set_clusters(source, 4)
    target.load_state_dict(source.state_dict())
    assert torch.equal(reference, source.assignments)
    collect(target, [list(range(20))])
    target.update_prototypes(20)
    assert reference is target.assignments and reference.shape == (2, 20)


def test_checkpoint_of_other_heads_is_no_match() -> None:
    source, target = build(num_prototypes=(3, 2, 2)), build()
    set_clusters(source, 9)
    with pytest.raises(RuntimeError, match='size mismatch for assignments'):
        target.load_state_dict(source.state_dict(), strict=False)


def test_memory_survives_growth_and_restoring() -> None:
    """What comes back is bit-identical, and further batches follow it."""
    memory, expected = FeatureMemory(2, 3), []
    for rows in (1, 2, 5, 0, 9):
        batch = [torch.randn(rows, 3, dtype=torch.float64) for _ in range(2)]
        expected.append(torch.nn.functional.normalize(torch.stack(batch), dim=2).float())
        memory.append(batch, torch.arange(rows))
    torch.testing.assert_close(memory.features, torch.cat(expected, dim=1))
    saved, other = memory.joined(), FeatureMemory(2, 3)
    other.append([torch.ones(4, 3)] * 2, torch.arange(4))
    other.restore(saved)
    assert torch.equal(other.features, memory.features) and torch.equal(other.indices, memory.indices)
    other.append([torch.ones(1, 3)] * 2, torch.tensor([6]))
    assert len(other) == 18 and other.indices[-1] == 6
    assert torch.equal(other.features[:, :17], memory.features)


def test_memory_does_not_grow_from_epoch_to_epoch() -> None:
    memory = FeatureMemory(2, 3)
    memory.reserve(10)
    room = memory.features.untyped_storage()
    for _ in range(3):
        for _ in range(5):
            memory.append([torch.randn(2, 3)] * 2, torch.arange(2))
        assert memory.features.untyped_storage().data_ptr() == room.data_ptr()
        memory.clear()
        assert len(memory) == 0 and memory.features.shape == (2, 0, 3)


def test_memory_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match=r'expected 2 embeddings of shape \(3, 4\)'):
        FeatureMemory(2, 4).append([torch.randn(3, 4)], torch.arange(3))
