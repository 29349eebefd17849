"""Classes for sharded training, and PyTorch's compiler, are imported when they are used; each test starts a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AT_START = """
import sys
import cft.apis
from cft.apis import load_config, train

names = ('torch.distributed.fsdp', 'torch.distributed.optim', 'torch._dynamo', 'sympy', 'scipy.linalg', 'matplotlib')
print(json.dumps([name for name in names if name in sys.modules]))
"""
CLASSES = """
import cft
import mmengine.model, mmengine.optim, mmengine._strategy
import torch
from mmengine.model import is_model_wrapper
from mmengine.registry import MODEL_WRAPPERS, OPTIMIZERS, STRATEGIES

stand_ins = {name: registry.get(name) for name, registry in [
    ('ZeroRedundancyOptimizer', OPTIMIZERS), ('MMFullyShardedDataParallel', MODEL_WRAPPERS),
    ('FSDPStrategy', STRATEGIES)]}
same = [stand_ins['MMFullyShardedDataParallel'] is mmengine.model.MMFullyShardedDataParallel,
        stand_ins['ZeroRedundancyOptimizer'] is mmengine.optim.ZeroRedundancyOptimizer]
before = is_model_wrapper(torch.nn.Linear(1, 1)), 'torch.distributed.fsdp' in sys.modules
Wrapper = stand_ins['MMFullyShardedDataParallel']

class Own(Wrapper):
    pass

from torch.distributed.fsdp import FullyShardedDataParallel
from torch.distributed.optim import ZeroRedundancyOptimizer

print(json.dumps({
    'same': same, 'before': before,
    'bases': [issubclass(Own, FullyShardedDataParallel), issubclass(Own, Wrapper),
              issubclass(int, Wrapper), isinstance(1, Wrapper)],
    'registered': [issubclass(MODEL_WRAPPERS.get('MMFullyShardedDataParallel'), FullyShardedDataParallel),
                   STRATEGIES.get('FSDPStrategy').build_model.__qualname__],
}))
torch.distributed.init_process_group('gloo', init_method='tcp://127.0.0.1:0', rank=0, world_size=1)
model = torch.nn.Linear(2, 1)
optimizer = OPTIMIZERS.build(
    dict(type='ZeroRedundancyOptimizer', params=model.parameters(), optimizer_type='SGD', lr=0.5))
with torch.no_grad():
    model.weight.fill_(1.0)
model(torch.ones(1, 2)).sum().backward()
optimizer.step()
print(json.dumps([isinstance(optimizer, ZeroRedundancyOptimizer),
                  isinstance(optimizer, mmengine.optim.ZeroRedundancyOptimizer), model.weight.tolist()]))
"""
ROI_ALIGN = """
import cft
import torch, torchvision

before = 'torch._dynamo' in sys.modules
boxes = torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]])
torch.use_deterministic_algorithms(True)
pooled = torchvision.ops.roi_align(torch.ones(1, 1, 8, 8), boxes, output_size=2)
import torch._dynamo.utils
print(json.dumps([before, pooled.tolist(), torch._dynamo.utils.__file__ is not None]))
"""


def lines_of(program: str) -> list:
    """What the program prints as JSON."""
    preamble = 'import json, sys\n'
    done = subprocess.run(
        [sys.executable, '-c', preamble + program], cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_nothing_of_it_at_start() -> None:
    assert lines_of(AT_START) == [[]]


@pytest.mark.slow
def test_the_classes_are_made_when_used() -> None:
    """Names, registries, subclasses and instances are those of the classes themselves."""
    found, optimizer = lines_of(CLASSES)
    assert found == {
        'same': [True, True],
        'before': [False, False],
        'bases': [True, True, False, False],
        'registered': [True, 'FSDPStrategy.build_model'],
    }
    assert optimizer == [True, True, [[0.5, 0.5]]]


@pytest.mark.slow
def test_roi_align_still_asks_the_compiler() -> None:
    ((before, pooled, whole),) = lines_of(ROI_ALIGN)
    assert not before and whole
    assert pooled == [[[[1.0, 1.0], [1.0, 1.0]]]]
