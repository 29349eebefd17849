"""Triplet loss and mix-and-match on VOC and COCO: a training step of each config on tiny data."""

from pathlib import Path

import pytest
import torch

from cft.apis import load_config, train
from tests.support.digits_runs import CONFIGS
from tests.support.tasks import shrink_to_shapes
from tests.test_task_configs import NAMES


@pytest.fixture(scope='module')
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('data') / 'shapes'


@pytest.mark.slow
@pytest.mark.parametrize('method', ['triplet', 'mm'])
@pytest.mark.parametrize('name', NAMES)
def test_one_step(name: str, method: str, shapes: Path, tmp_path: Path) -> None:
    """The first stage of mix-and-match takes the step: no classification loss counts in it."""
    cfg = load_config(CONFIGS / method / f'{name}.py')
    shrink_to_shapes(cfg, shapes)
    if method == 'mm':
        # One step has no sixth part.
        cfg.custom_hooks[0].stages[0].fraction = 0.6
    cfg.work_dir, cfg.experiment_name = str(tmp_path), f'{method}_{name}'
    runner = train(cfg)
    losses = {key: value.current() for key, value in runner.message_hub.log_scalars.items() if 'loss' in key}
    assert runner.iter == 1 and all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    (contrast,) = [value for key, value in losses.items() if key.endswith('loss_con')]
    (cross_entropy,) = [value for key, value in losses.items() if key.endswith(('decode.loss_ce', 'loss_cls'))]
    assert contrast > 0 and (cross_entropy > 0) == (method != 'mm'), losses


@pytest.mark.parametrize('method', ['triplet', 'mm'])
def test_a_method_differs_from_its_task_by_a_few_lines(method: str) -> None:
    for path in (CONFIGS / method).glob('*.py'):
        lines = path.read_text().splitlines()
        assert len(lines) <= 4 and f"'../ce/{path.name}', '../_base_/methods/{method}.py'" in lines[0]
