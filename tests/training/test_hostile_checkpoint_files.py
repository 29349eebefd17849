"""A checkpoint that runs code where everything is allowed, or has a flipped bit, through every tool and library."""

import itertools
import os
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from cft.apis import train
from cft.errors import ConfigError
from tests.support.digits_runs import CONFIGS, short_config

ROOT = CONFIGS.parent


class Payload:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple:
        return os.system, (f'touch {self.target}',)


@pytest.fixture(scope='module')
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two iterations of a digit classifier."""
    work_dir = tmp_path_factory.mktemp('digits')
    train(short_config('ce', work_dir, iterations=2))
    return work_dir


@pytest.fixture
def hostile(digits_run: Path, tmp_path: Path) -> Iterator[Path]:
    """A checkpoint of the run with a payload in its log; it must not have run at the end, and is able to."""
    content = torch.load(digits_run / 'iter_2.pth', weights_only=False)
    target = tmp_path / 'sentinel'
    content['message_hub']['x'] = Payload(target)
    path = tmp_path / 'iter_2.pth'
    torch.save(content, path)
    yield path
    assert not target.exists()
    torch.load(path, weights_only=False)
    assert target.exists()


REFUSED = r'iter_2\.pth.*refers to posix\.system.*CFT_TRUST_CHECKPOINTS=1'


@pytest.mark.parametrize('kind', ['load_from', 'resume', 'auto'])
def test_hostile_file_starts_no_run(kind: str, hostile: Path, tmp_path: Path) -> None:
    work_dir = tmp_path if kind == 'auto' else tmp_path / 'work'
    cfg = short_config('ce', work_dir, iterations=3)
    cfg.resume = kind != 'load_from'
    if kind == 'auto':
        (tmp_path / 'last_checkpoint').write_text(str(hostile))
    else:
        cfg.load_from = str(hostile)
    with pytest.raises(ConfigError, match=REFUSED):
        train(cfg)
    assert not (work_dir / 'iter_3.pth').exists()


@pytest.mark.parametrize('kind', ['Pretrained', 'SSLPretrained'])
def test_hostile_file_initialises_nothing(kind: str, hostile: Path, tmp_path: Path) -> None:
    cfg = short_config('ce', tmp_path / 'work', iterations=1)
    cfg.model.backbone.init_cfg = dict(type=kind, checkpoint=str(hostile))
    with pytest.raises(ConfigError, match=REFUSED):
        train(cfg)


def call(monkeypatch: pytest.MonkeyPatch, tool: str, *arguments: object) -> int:
    """Exit status of a command-line tool."""
    monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    try:
        runpy.run_path(str((ROOT / 'tools' / tool).with_suffix('.py')), run_name='__main__')
    except SystemExit as stop:
        return stop.code or 0
    return 0


@pytest.mark.parametrize('tool', ['test', 'train', 'checkpoints/inspect_checkpoint', 'checkpoints/convert_checkpoint'])
def test_tools_refuse_a_hostile_file(tool: str, hostile: Path, tmp_path: Path, monkeypatch, capfd) -> None:
    """One line that names the class, and exit status 2."""
    config = CONFIGS / 'quickstart' / 'ce_digits.py'
    work_dir = ('--work-dir', tmp_path / 'work')
    arguments = {
        'test': (config, hostile, *work_dir),
        'train': (config, '--resume', hostile, *work_dir),
        'checkpoints/inspect_checkpoint': (hostile,),
        'checkpoints/convert_checkpoint': (hostile, tmp_path / 'out.pth'),
    }
    assert call(monkeypatch, tool, *arguments[tool]) == 2
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith('error: ')]
    assert len(lines) == 1 and 'posix.system' in lines[0]


def test_inference_refuses_a_hostile_file(digits_run: Path, hostile: Path) -> None:
    """Of all three libraries, with the configs as they stand on the disk."""
    from mmdet.apis import init_detector
    from mmpretrain import ImageClassificationInferencer
    from mmseg.apis import init_model

    quickstart = CONFIGS / 'quickstart'
    with pytest.raises(ConfigError, match=REFUSED):
        ImageClassificationInferencer(str(digits_run / 'ce_digits.py'), str(hostile))
    with pytest.raises(ConfigError, match=REFUSED):
        init_model(str(quickstart / 'ce_seg.py'), str(hostile), device='cpu')
    with pytest.raises(ConfigError, match=REFUSED):
        init_detector(str(quickstart / 'ce_det.py'), str(hostile), device='cpu')


def test_damaged_file_in_a_real_run(digits_run: Path, tmp_path: Path) -> None:
    """The test and the resumed run of a file with a flipped bit in a weight, which torch would load."""
    path = tmp_path / 'iter_2.pth'
    data = bytearray((digits_run / 'iter_2.pth').read_bytes())
    weights = torch.load(digits_run / 'iter_2.pth', weights_only=False)['state_dict']
    weight = next(value for value in weights.values() if value.dim() == 4).numpy().tobytes()
    data[data.index(weight) + len(weight) // 2] ^= 8
    path.write_bytes(data)
    loaded = torch.load(path, weights_only=False)['state_dict']
    assert sum(not torch.equal(first, second) for first, second in itertools.zip_longest(
        loaded.values(), weights.values())) == 1  # fmt: skip
    cfg = short_config('ce', tmp_path / 'work', iterations=3)
    cfg.resume, cfg.load_from = True, str(path)
    with pytest.raises(ConfigError, match=r'iter_2\.pth.*does not match its check sum'):
        train(cfg)
