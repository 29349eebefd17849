"""What stands in for mmcv's compiled operators, and what serves CUDA tensors beside them."""

from importlib import import_module
from types import ModuleType, SimpleNamespace

import pytest
import torch

from cft.compat import mmcv_operators

ops = import_module('mmcv.ops')
without_compiling = pytest.mark.skipif(
    hasattr(import_module('mmcv._ext'), '__file__'), reason='this mmcv has compiled operators'
)


@without_compiling
def test_maximum_pooling_needs_compiling() -> None:
    with pytest.raises(NotImplementedError, match=r"pool_mode='max'.*compiled mmcv.*pool_mode='avg'"):
        ops.RoIAlign(4, pool_mode='max')(torch.zeros(1, 2, 10, 14), torch.tensor([[0.0, 0, 0, 8, 8]]))


@without_compiling
def test_another_operator_needs_compiling() -> None:
    """Importing it is no error, calling it is; the message says its name and what to do."""
    with pytest.raises(NotImplementedError, match=r"'softnms' needs a compiled mmcv: pip install"):
        ops.soft_nms(torch.ones(2, 4), torch.ones(2))


def test_the_stand_in_is_an_ordinary_module() -> None:
    """Python looks for special attributes in modules; a function for each would mislead it."""
    module = mmcv_operators.stand_in()
    assert module.__name__ == 'mmcv._ext'
    assert module.nms is mmcv_operators.nms
    for name in ('__path__', '__file__', '__all__', '__wrapped__'):
        assert not hasattr(module, name)


def compiled_module(cuda_version: str) -> ModuleType:
    """Has what serve_cuda looks at; every operator says who it is and what it got."""
    module = ModuleType('mmcv._ext')
    module.get_compiling_cuda_version = lambda: cuda_version
    for name in (*mmcv_operators.ROUTED, 'softnms'):
        setattr(module, name, lambda *args, _name=name, **kwargs: (f'compiled {_name}', args, kwargs))
    return module


@pytest.mark.parametrize('name', mmcv_operators.ROUTED)
def test_compiled_for_cpus_only(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU tensors go to the compiled operator, CUDA's to torchvision's, with all their arguments."""
    routed = lambda *args, **kwargs: (f'torchvision {name}', args, kwargs)  # noqa: E731
    monkeypatch.setattr(mmcv_operators, name, routed)
    module = compiled_module('not available')
    softnms = module.softnms
    mmcv_operators.serve_cuda(module)
    for is_cuda, who in ((False, 'compiled'), (True, 'torchvision')):
        tensor = SimpleNamespace(is_cuda=is_cuda)
        assert getattr(module, name)(tensor, 2, offset=1) == (f'{who} {name}', (tensor, 2), {'offset': 1})
    assert module.softnms is softnms


def test_compiled_for_cuda_is_left_alone() -> None:
    module = compiled_module('12.8')
    before = dict(vars(module))
    mmcv_operators.serve_cuda(module)
    assert vars(module) == before
