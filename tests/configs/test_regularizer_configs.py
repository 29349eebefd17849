"""Configs of L2-SP, DELTA and BSS: what they set, in every task, and their search spaces."""

from pathlib import Path

import pytest
import torch

from cft.apis import load_config, train
from cft.apis.searching.spaces import load_space
from tests.support.digits_runs import CONFIGS
from tests.support.tasks import shrink_to_shapes

METHODS = {
    'l2sp': dict(type='cft.L2SP', alpha=0.1, beta=0.01),
    'delta': dict(type='cft.DELTA', alpha=0.64, beta=0.01),
    'bss': dict(type='cft.BSS', k=1, weight=0.001, gather=True),
}
# A frozen backbone, and a network without the stages of a ResNet, leave some of them nothing to do.
LACKS = {
    'l2sp': {'r50_voc_det_fpn'},
    'delta': {'r50_voc_det_fpn', 'vit_b16_folder'},
    'bss': set(),
}


@pytest.mark.parametrize('method', METHODS)
def test_published_settings(method: str) -> None:
    """As the authors' code has them; DELTA's alpha for the mean over 64 images instead of their sum."""
    for path in (CONFIGS / method).glob('*.py'):
        cfg = load_config(path, {'backbone': 'resnet18'} if path.stem.startswith('folder') else {})
        hook = cfg.default_hooks.regularizers
        (term,) = hook.get('regularizers') or cfg.model.regularizers
        assert dict(term) == METHODS[method], path
        decay = cfg.optim_wrapper.get('optimizer', {}).get('weight_decay')
        plain = load_config(CONFIGS / 'ce' / path.name, {'backbone': 'resnet18'} if 'networks' in cfg else {})
        assert decay == (plain.optim_wrapper.get('optimizer', {}).get('weight_decay') if method == 'bss' else 0), path


@pytest.mark.parametrize('method', METHODS)
def test_the_same_files_as_contrast_has(method: str) -> None:
    # SCHaNe's tables (BEiT, few-shot tasks) and Core-tuning's of adversarial training have no regularisers.
    stems = [path.stem for path in (CONFIGS / 'scl').glob('*.py')]
    files = {stem for stem in stems if not stem.startswith(('beit', 'r12_')) and not stem.endswith('_adv')}
    assert files - {path.stem for path in (CONFIGS / method).glob('*.py')} == LACKS[method] & files


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('task', ['folder', 'folder_seg', 'folder_det', 'folder_dg'])
def test_space(method: str, task: str) -> None:
    """Each setting is where the term is, and the published point lies in the ranges."""
    cfg = load_config(f'{method}/{task}', {'backbone': 'resnet18'})
    space = load_space(cfg)
    assert space.name == method
    place = 'default_hooks.regularizers.' if task == 'folder_det' else 'model.'
    own = {'l2sp': ('alpha', 'beta'), 'delta': ('alpha', 'beta'), 'bss': ('eta', 'k')}[method]
    for name in own:
        parameter = space.parameters[name]
        assert all(setting.startswith(f'{place}regularizers.0.') for setting in parameter.settings)
        (point,) = space.points
        value = point[name]
        assert value == parameter.own
        assert value in parameter.values if parameter.values else parameter.low <= value <= parameter.high


@pytest.mark.slow
@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('name', ['r50_voc_seg', 'r50_voc_det'])
def test_one_step(name: str, method: str, tmp_path: Path) -> None:
    """Output stride 8, and the C4 detector; DELTA on fewer images than published."""
    cfg = load_config(CONFIGS / method / f'{name}.py')
    shrink_to_shapes(cfg, tmp_path / 'shapes')
    terms = cfg.default_hooks.regularizers.get('regularizers') or cfg.model.regularizers
    if method == 'delta':
        terms[0].update(images=4, masked_images=1)
        cfg.model.backbone.depth = 18
        _narrow(cfg.model)
    cfg.work_dir = str(tmp_path / 'run')
    cfg.experiment_name = f'{method}_{name}'
    runner = train(cfg)
    losses = {key: value.current() for key, value in runner.message_hub.log_scalars.items() if 'loss' in key}
    assert all(torch.isfinite(torch.tensor(value)) for value in losses.values()), losses
    assert f'train/loss_{method}' in losses


def _narrow(model: dict) -> None:
    """What follows a ResNet-18 instead of a ResNet-50, whose filters are many to mask in a test."""
    if 'decode_head' in model:
        model.decode_head.in_channels, model.auxiliary_head.in_channels = 512, 256
        return
    model.rpn_head.in_channels = 256
    model.roi_head.shared_head.depth = 18
    model.roi_head.bbox_roi_extractor.out_channels = 256
    model.roi_head.bbox_head.in_channels = 512


def test_a_frozen_backbone_is_refused(tmp_path: Path) -> None:
    """As that of the FPN detector of the papers."""
    for method, reason in (('l2sp', 'no weight of the backbone'), ('delta', 'no parameter of the backbone')):
        cfg = load_config(CONFIGS / 'ce' / 'r50_voc_det_fpn.py')
        shrink_to_shapes(cfg, tmp_path / 'shapes')
        cfg.default_hooks.regularizers.regularizers = [METHODS[method]]
        cfg.work_dir, cfg.experiment_name = str(tmp_path / method), f'{method}_frozen'
        with pytest.raises(ValueError, match=f'{reason} is trained'):
            train(cfg)
