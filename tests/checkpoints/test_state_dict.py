"""read_state_dict: the files that it reads."""

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn

from cft.checkpoints import read_state_dict
from cft.errors import ConfigError

TENSORS = {'conv.weight': torch.arange(6.0).view(2, 3), 'bn.num_batches_tracked': torch.tensor(7)}


class Tiny(BaseModel):
    """The smallest model that MMEngine trains."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, inputs: Tensor, mode: str) -> dict[str, Tensor]:
        return {'loss': self.norm(self.linear(inputs)).square().sum()}


@pytest.fixture(scope='module')
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A run of two iterations that has written a checkpoint, with all that MMEngine keeps beside the weights."""
    runner = Runner(
        model=Tiny(),
        work_dir=str(tmp_path_factory.mktemp('run')),
        train_dataloader={
            'dataset': [{'inputs': torch.randn(3)} for _ in range(8)],
            'sampler': {'type': 'DefaultSampler', 'shuffle': True},
            'batch_size': 4,
            'collate_fn': {'type': 'default_collate'},
        },
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.1, 'momentum': 0.9}},
        param_scheduler={'type': 'LinearLR', 'start_factor': 0.5, 'by_epoch': False},
        train_cfg={'by_epoch': True, 'max_epochs': 1},
        custom_hooks=[{'type': 'EMAHook'}],
        default_hooks={'logger': {'type': 'LoggerHook', 'interval': 1}},
        default_scope='mmpretrain',
        experiment_name='tiny',
    )
    runner.train()
    return runner


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)


@pytest.mark.parametrize('keys', [(), ('state_dict',), ('model',), ('teacher',), ('model', 'state_dict')])
@pytest.mark.parametrize('zipped', [True, False])
def test_plain_and_nested(tmp_path: Path, keys: tuple[str, ...], zipped: bool) -> None:
    """A state dict, or a dict around one with epochs and optimiser states; in both formats of torch.save."""
    content: dict = OrderedDict(TENSORS)
    for key in keys:
        content = {'epoch': 3, 'arch': 'resnet50', 'optimizer': {'state': {0: {'step': torch.ones(2)}}}, key: content}
    path = tmp_path / 'file.pth'
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert_same(read_state_dict(path), TENSORS)
    assert_same(read_state_dict(str(path)), TENSORS)


@pytest.mark.parametrize('key', ['state_dict', 'model'])
def test_a_tensor_beside_the_state_dict(tmp_path: Path, key: str) -> None:
    """``best_acc1`` is a tensor in checkpoints of PyTorch's ImageNet example and of MoCo's linear evaluation."""
    torch.save({'epoch': 3, key: TENSORS, 'best_acc1': torch.tensor(67.5)}, tmp_path / 'file.pth')
    assert_same(read_state_dict(tmp_path / 'file.pth'), TENSORS)


def test_other_values_in_a_state_dict_are_left_out(tmp_path: Path) -> None:
    torch.save(TENSORS | {'version': 2, 'note': 'text', 'none': None}, tmp_path / 'file.pth')
    assert_same(read_state_dict(tmp_path / 'file.pth'), TENSORS)


def test_checkpoint_of_a_runner(runner: Runner) -> None:
    """Log histories, NumPy numbers, schedulers and a moving average beside it do not hinder."""
    path = Path(runner.work_dir) / 'epoch_1.pth'
    # EMAHook exchanges the two: under state_dict lies the average.
    expected = torch.load(path, weights_only=False)
    assert {'message_hub', 'optimizer', 'param_schedulers', 'ema_state_dict'} <= set(expected)
    assert_same(read_state_dict(path), expected['state_dict'])
    assert set(expected['state_dict']) == set(runner.model.state_dict())


def test_numpy_bookkeeping(tmp_path: Path) -> None:
    """NumPy numbers and arrays of the usual types may lie beside the tensors."""
    numbers = [np.float64(1.5), np.float32(2), np.int64(3), np.arange(3), np.ones((2, 2), np.float32)]
    torch.save({'state_dict': TENSORS, 'meta': numbers}, tmp_path / 'file.pth')
    assert_same(read_state_dict(tmp_path / 'file.pth'), TENSORS)


def test_reading_leaves_no_permissions_behind(tmp_path: Path) -> None:
    """What was allowed for one file is not allowed for whatever else the program loads."""
    torch.save({'state_dict': TENSORS, 'meta': np.float64(1)}, tmp_path / 'file.pth')
    read_state_dict(tmp_path / 'file.pth')
    (tmp_path / 'bad.pth').write_text('<html>')
    with pytest.raises(ConfigError):
        read_state_dict(tmp_path / 'bad.pth')
    with pytest.raises(pickle.UnpicklingError, match='not an allowed global'):
        torch.load(tmp_path / 'file.pth', weights_only=True)
    assert 'cft' not in str(torch.serialization.get_safe_globals())
