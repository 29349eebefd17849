"""How often a step needs a value of the device on the host: each time, a GPU runs out of work."""

import copy
from pathlib import Path

import pytest
import torch

from cft.apis.running.step_cost import started_step
from cft.models.selfsup import DeepClusterV2
from tests.models.selfsup.deep_cluster_models import build, samples, set_clusters
from tests.models.selfsup.test_hexa_dcluster import build_hexa
from tests.support.digits_runs import short_config
from tests.support.synchronisations import synchronisations


@pytest.mark.parametrize(
    ('weights', 'most'),
    [
        (None, 0),
        ({'adversarial_weight': 1.0}, 1),
        ({'adversarial_weight': 1.0, 'cutmix_weight': 1.0}, 1),
        ({'adversarial_weight': 1.0, 'cutmix_weight': 1.0, 'adversarial_cutmix_weight': 1.0}, 1),
    ],
    ids=['DeepCluster-v2', 'HEXA', 'HEXA+', 'all'],
)
def test_waits_of_a_step_with_eight_crops(weights: dict[str, float] | None, most: int) -> None:
    """Forward and backward; the one is the check that the images are pixel values."""
    model: DeepClusterV2 = build() if weights is None else build_hexa(**weights)
    set_clusters(model, num_samples=6, missing=(3,))
    views = [(torch.randint(0, 256, (4, 3, size, size)) - 100.0) / 50 for size in [9] * 2 + [5] * 6]
    twin = copy.deepcopy(model)
    waits = synchronisations(lambda: sum(model.loss(views, samples(4, 0, 3, 5)).values()).backward())
    assert waits.total() <= most, waits
    sum(twin.loss(views, samples(4, 0, 3, 5)).values()).backward()
    assert all(parameter.grad is not None for parameter in twin.parameters())


@pytest.mark.parametrize(
    ('method', 'most'),
    [('mocov2', 1), ('ressl', 1), ('sce', 1), ('deepcluster', 1), ('hexa_moco', 2), ('hexa_dcluster', 2)],
)
def test_waits_of_a_whole_step(method: str, most: int, tmp_path: Path) -> None:
    """With the optimiser: the check that the loss is finite, and HEXA's of pixel values."""
    step = started_step(short_config(method, tmp_path))
    step()
    waits = synchronisations(step)
    assert waits.total() <= most, waits
