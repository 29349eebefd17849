"""How often a step needs a value of the device on the host: each time, a GPU runs out of work."""

import copy
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

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


@pytest.mark.parametrize(
    ('copy_to_host', 'name'),
    [
        (lambda x: x.tolist(), 'tolist'),
        (lambda x: x[0].tolist(), 'tolist'),
        (lambda x: x.cpu(), 'cpu'),
        (lambda x: x.numpy(force=True), 'numpy'),
        (lambda x: x[0].item(), '_local_scalar_dense'),
    ],
)
def test_copies_to_the_host_count_once(copy_to_host: Callable[[Tensor], object], name: str) -> None:
    """Whatever the method calls in turn; afterwards the methods are torch's own again."""
    assert synchronisations(lambda: copy_to_host(torch.arange(3.0))) == {name: 1}
    assert not {'tolist', 'cpu', 'numpy'} & set(vars(Tensor))
    assert not synchronisations(lambda: torch.arange(3.0).numpy())


class _Arrivals(TorchDispatchMode):
    """Shapes of what goes from the host to the device that "meta" stands for, where every wait is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def __torch_dispatch__(
        self, func: torch._ops.OpOverload, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        result = func(*args, **(kwargs or {}))
        sources = args[1:] if func is torch.ops.aten.copy_.default else args
        if isinstance(result, Tensor) and result.is_meta:
            self.shapes += [tuple(x.shape) for x in sources if isinstance(x, Tensor) and x.is_cpu and x.dim()]
        return result


@pytest.mark.parametrize('weights', [None, {'adversarial_weight': 0.0, 'cutmix_weight': 1.0}])
def test_sample_indices_are_copied_once(weights: dict[str, float] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the clusters and for the memory; without an attack, whose check of the pixels waits."""
    # "meta" has none to be switched off.
    monkeypatch.setattr(torch, 'autocast', lambda *_, **__: nullcontext())
    model: DeepClusterV2 = build() if weights is None else build_hexa(**weights)
    set_clusters(model, num_samples=6)
    model.to('meta').memory.reserve(4, 'meta')
    views = [torch.empty(4, 3, 9, 9, device='meta') for _ in range(2)]
    with _Arrivals() as arrivals:
        sum(model.loss(views, samples(4, 0, 3, 5)).values()).backward()
    assert arrivals.shapes == [(4,)]
    assert len(model.memory) == 4
