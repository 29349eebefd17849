"""How often a step needs a value of the device on the host: each time, a GPU runs out of work."""

import copy

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from cft.models.selfsup import DeepClusterV2
from tests.models.selfsup.deep_cluster_models import build, samples, set_clusters
from tests.models.selfsup.test_hexa_dcluster import build_hexa

READS = ('_local_scalar_dense', 'nonzero', 'masked_select', 'is_nonzero', 'equal', 'unique', 'item', 'bincount')


class Waits(TorchDispatchMode):
    """Counts the operators whose result, or its size, the host must know."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_dispatch__(
        self, function: object, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        name = function.overloadpacket.__name__
        indices = args[1] if name in ('index', 'index_put', 'index_put_') else ()
        masks = [index for index in indices if index is not None and index.dtype in (torch.bool, torch.uint8)]
        if masks or name.strip('_') in READS or name in READS:
            self.found.append(name)
        return function(*args, **kwargs or {})


def test_the_counter_counts() -> None:
    values = torch.tensor([1.0, -1.0])
    with Waits() as waits:
        float(values[0])
        values[values > 0]
        values.nonzero()
        bool((values > 0).all())
        values[torch.tensor([0])] = torch.zeros(1)
    assert waits.found == ['_local_scalar_dense', 'index', 'nonzero', '_local_scalar_dense']


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
    with Waits() as waits:
        sum(model.loss(views, samples(4, 0, 3, 5)).values()).backward()
    assert len(waits.found) <= most, waits.found
    sum(twin.loss(views, samples(4, 0, 3, 5)).values()).backward()
    assert all(parameter.grad is not None for parameter in twin.parameters())
