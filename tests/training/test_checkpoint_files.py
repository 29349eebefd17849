"""What a run writes comes back equal, and what would not be the same run is refused."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner

from cft.checkpoints import read_checkpoint
from cft.errors import ConfigError
from tests.support.digits_runs import CONFIGS
from tests.support.toy_run import Recorder, toy_runner

ROOT = CONFIGS.parent
ADAM = {'optimizer': {'type': 'AdamW', 'lr': 0.01, 'amsgrad': True}}
ONE_CYCLE = {'type': 'OneCycleLR', 'eta_max': 0.1, 'total_steps': 10, 'by_epoch': False}


class Extras(Hook):
    """Values of the kinds that MMEngine and hooks keep: scores, random states, a gradient scaler, shared containers."""

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        runner.message_hub.update_info('best_score', np.float64(0.75))
        checkpoint['extras'] = {
            'torch': torch.get_rng_state(), 'numpy': np.random.default_rng(3).bit_generator.state,
            'legacy numpy': np.random.RandomState(3).get_state(), 'scaler': torch.amp.GradScaler('cpu').state_dict(),
            'set': {1, 2}, 'bytes': b'\x00\xff', 'none': None, 'long': 2**200, 'inf': float('inf'), 'complex': 1j,
            'ordered': OrderedDict(b=1, a=(2, [3.5, True])), 'int64': np.int64(-3), 'bf16': torch.ones(2).bfloat16(),
            'size': torch.Size((2, 3)), 'view': torch.arange(6).view(2, 3).t(), 'dtype': torch.float16,
        }  # fmt: skip


def assert_equal(found: object, expected: object, where: str = '') -> None:
    """Of the same kinds, and equal bit by bit."""
    assert type(found) is type(expected), where
    if isinstance(expected, dict):
        assert list(found) == list(expected), where
        for key in expected:
            assert_equal(found[key], expected[key], f'{where}.{key}')
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), where
        for index, (first, second) in enumerate(zip(found, expected, strict=True)):
            assert_equal(first, second, f'{where}.{index}')
    elif isinstance(expected, torch.Tensor):
        assert found.dtype == expected.dtype and found.stride() == expected.stride(), where
        assert torch.equal(found, expected), where
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected, strict=True)
    elif isinstance(expected, HistoryBuffer):
        assert_equal(found.data, expected.data, where)
        assert found.max_length == expected.max_length, where
    else:
        assert found == expected, where


def test_everything_comes_back(tmp_path: Path) -> None:
    """As from MMEngine's own, unlimited loading; only the schedule's function is left to the config."""
    hooks = [Extras(), dict(type='EMAHook', momentum=0.1)]
    toy_runner(tmp_path, hooks, length=3, wrapper=ADAM, scheduler=[ONE_CYCLE]).train()
    path = tmp_path / 'iter_3.pth'
    expected, found = torch.load(path, weights_only=False), read_checkpoint(path)
    assert {'ema_state_dict', 'optimizer', 'param_schedulers', 'message_hub', 'extras'} <= expected.keys()
    for content in (expected, found):
        assert content['param_schedulers'][0].pop('anneal_func') is not None
    assert_equal(found, expected)
    assert found['state_dict']._metadata == expected['state_dict']._metadata


def test_one_cycle_schedule_resumes(tmp_path: Path) -> None:
    """Its state names a function, which is not read: the rates of the resumed run are those of the whole one."""

    def rates(work_dir: Path, **settings: object) -> list[float]:
        recorder = Recorder(lambda runner: runner.optim_wrapper.get_lr()['lr'][0])
        toy_runner(work_dir, [recorder], length=8, wrapper=ADAM, scheduler=[ONE_CYCLE], **settings).train()
        return recorder.seen

    whole = rates(tmp_path / 'whole')
    assert len(set(whole)) > 5
    resumed = rates(tmp_path / 'resumed', resume=True, load_from=str(tmp_path / 'whole' / 'iter_3.pth'))
    assert resumed == whole[3:]


def changed(path: Path, change: Callable[[dict], object]) -> str:
    content = torch.load(path, weights_only=False)
    change(content)
    torch.save(content, path.with_name('changed.pth'))
    return str(path.with_name('changed.pth'))


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda content: content.pop('optimizer'), 'it lacks optimizer'),
        (lambda content: content.pop('message_hub'), 'it lacks message_hub'),
        (lambda content: content['meta'].pop('iter'), 'it lacks meta.epoch and meta.iter'),
        (lambda content: content.pop('meta'), 'it lacks meta.epoch and meta.iter'),
        (lambda content: content['message_hub'].update(a=[PurePosixPath('b')]), r'message_hub\.a\.0 is an object'),
        (
            lambda content: content.update(state_dict={'x.' + k: v for k, v in content['state_dict'].items()}),
            r'no tensor of the model: its names are \[.x\.backbone\.weight.*those of the model \[.backbone',
        ),
    ],
)
def test_what_cannot_be_resumed(change: Callable[[dict], object], message: str, tmp_path: Path) -> None:
    """Told before the first step, where MMEngine would fail without a name or go on with part of the state."""
    toy_runner(tmp_path, [], length=1).train()
    path = changed(tmp_path / 'iter_1.pth', change)
    with pytest.raises(ConfigError, match=rf'changed\.pth .*{message}'):
        toy_runner(tmp_path, [], length=3, resume=True, load_from=path).train()


def test_plain_weights_start_a_run(tmp_path: Path) -> None:
    """``load_from`` needs no more than some of the model's tensors."""
    toy_runner(tmp_path, [], length=1).train()
    path = changed(tmp_path / 'iter_1.pth', lambda content: [content.pop(key) for key in list(content)[2:]])
    runner = toy_runner(tmp_path, [], length=2, load_from=path)
    runner.train()
    assert runner.iter == 2


def test_nothing_to_resume_starts_from_the_beginning(tmp_path: Path) -> None:
    runner = toy_runner(tmp_path, [], length=2, resume=True)
    runner.train()
    assert runner.iter == 2
