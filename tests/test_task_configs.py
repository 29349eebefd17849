"""Every config of VOC and COCO takes a training step on tiny data through the real runner."""

from pathlib import Path

import pytest
import torch

from cft.apis import load_config, train
from cft.engine.model_access import unwrap_model
from tests.support.digits_runs import CONFIGS, FINE_TUNING
from tests.support.tasks import shrink_to_shapes

NAMES = ('r50_voc_seg', 'r50_voc_det', 'r50_voc_det_fpn', 'r50_coco_det')
CELLS = [(name, method) for name in NAMES for method in (*FINE_TUNING, 'rifle', 'noisytune')]
# Its backbone is frozen: there is nothing to disturb.
CELLS.remove(('r50_voc_det_fpn', 'noisytune'))


@pytest.fixture(scope='module')
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('data') / 'shapes'


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'method'), CELLS)
def test_one_step(name: str, method: str, shapes: Path, tmp_path: Path) -> None:
    cfg = load_config(CONFIGS / method / f'{name}.py')
    shrink_to_shapes(cfg, shapes)
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = f'{method}_{name}'
    runner = train(cfg)
    assert runner.iter == 1
    losses = {key: value.current() for key, value in runner.message_hub.log_scalars.items() if 'loss' in key}
    assert all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    contrastive = [value for key, value in losses.items() if key.endswith('loss_con')]
    assert (method in ('ce', 'rifle')) == (not contrastive) and all(value > 0 for value in contrastive), losses
    model, moved = unwrap_model(runner.model), runner.optim_wrapper.optimizer.state
    frozen = name.endswith('fpn')
    assert all((p in moved) != frozen for p in model.backbone.layer1.parameters())


def test_every_method_has_every_task() -> None:
    assert all((CONFIGS / method / f'{name}.py').is_file() for method in FINE_TUNING for name in NAMES)


def test_a_method_differs_from_its_task_by_a_few_lines() -> None:
    for method in FINE_TUNING[1:]:
        for name in NAMES:
            lines = (CONFIGS / method / f'{name}.py').read_text().splitlines()
            assert len(lines) <= 6 and f"'../ce/{name}.py', '../_base_/methods/{method}.py'" in lines[0]


def test_published_settings_of_voc_detection() -> None:
    """HEXA, appendix B: batches of 8, learning rate 0.05, 15 epochs, a tenth after 12, backbone frozen."""
    cfg = load_config(CONFIGS / 'ce' / 'r50_voc_det_fpn.py')
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.momentum, optimizer.weight_decay) == (0.05, 0.9, 1e-4)
    assert (cfg.train_cfg.max_epochs, cfg.param_scheduler[1].milestones) == (15, [12])
    assert (cfg.auto_scale_lr.base_batch_size, 8 * cfg.train_dataloader.batch_size) == (8, 8)
    assert cfg.model.backbone.frozen_stages == 4
    assert load_config(CONFIGS / 'ce' / 'r50_voc_det.py').train_cfg.max_iters == 24000


@pytest.mark.parametrize('name', NAMES)
def test_nothing_is_chosen_on_the_test_split(name: str) -> None:
    """Where the published figures are those of the only labelled split left, there is no validation during training."""
    cfg = load_config(CONFIGS / 'ce' / f'{name}.py')
    assert 'val_dataloader' not in cfg and 'save_best' not in cfg.default_hooks.checkpoint
