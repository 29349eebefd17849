"""HEXA's figures 2, 4 and 5: the commands of the README are all of their runs, and each takes a step."""

import shlex

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample

from cft.apis import load_config
from cft.apis.completion.completion import replace_sync_batch_norm
from cft.registry import MODELS
from tests.configs.test_pretraining_configs import narrow
from tests.models.selfsup.deep_cluster_models import set_clusters
from tests.support.digits_runs import CONFIGS

NAMES = ('adversarial_weight', 'cutmix_weight', 'adversarial_cutmix_weight')
MIXES = {(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1)}
RUNS = ('moco_r50_imagenet_20e', 'dcluster_r50_imagenet_6crop_5e', 'dcluster_r50_imagenet_2crop_40e')


def runs() -> list[tuple[str, tuple[str, ...]]]:
    """Config and options of each command of the README, and the three configs as they are."""
    found: list[tuple[str, tuple[str, ...]]] = [(name, ()) for name in RUNS]
    for line in (CONFIGS / 'hexa' / 'README.md').read_text().splitlines():
        words = shlex.split(line) if line.startswith('    bash') else []
        if len(words) > 2 and words[2].removeprefix('configs/hexa/').removesuffix('.py') in RUNS:
            name = words[2].removeprefix('configs/hexa/').removesuffix('.py')
            found.append((name, tuple(words[words.index('--cfg-options') + 1 :])))
    return found


DOCUMENTED = runs()


def hard_examples(name: str, options: tuple[str, ...]) -> dict:
    return load_config(CONFIGS / 'hexa' / f'{name}.py', list(options)).model.hard_examples


def test_all_runs_of_the_figures_are_there() -> None:
    """Six mixes for both methods, four pairs of epsilon and step; the epochs of the paper."""
    for name in RUNS[:2]:
        found = [
            hard_examples(run, options) for run, options in DOCUMENTED if run == name and 'alpha' not in str(options)
        ]
        assert sorted(tuple(hard.get(weight, 0) for weight in NAMES) for hard in found) == sorted(MIXES)
    found = [hard_examples(*run) for run in DOCUMENTED if run[0] == RUNS[2]]
    assert sorted((hard.epsilon, hard.step) for hard in found) == [(1, 1), (1, 3), (3, 1), (3, 3)]
    epochs = [load_config(CONFIGS / 'hexa' / f'{name}.py').train_cfg.max_epochs for name in RUNS]
    assert epochs == [20, 5, 40]


def test_six_crops() -> None:
    """Section 5.1: two of 160 pixels, four of 96."""
    cfg = load_config(CONFIGS / 'hexa' / 'dcluster_r50_imagenet_6crop_5e.py')
    step = next(step for step in cfg.train_dataloader.dataset.pipeline if step.type == 'cft.MultiView')
    assert step.num_views == [2, 4]
    assert [(own[0]['size'], own[0].crop_ratio_range) for own in step.transforms] == [
        (160, (0.08, 1.0)),
        (96, (0.05, 0.14)),
    ]
    assert cfg.test_pipeline


@pytest.mark.parametrize('name', ['hexa/moco_r50_imagenet_800e', 'mocov2/r50_imagenet_800e'])
def test_checkpoints_of_the_learning_curve(name: str) -> None:
    """Figure 3a: after 200, 400, 600 and 800 epochs."""
    hook = load_config(CONFIGS / f'{name}.py').default_hooks.checkpoint
    assert 200 % hook.interval == 0 and hook.max_keep_ckpts == -1


@pytest.mark.slow
@pytest.mark.parametrize(
    ('name', 'options'), DOCUMENTED, ids=lambda value: str(value).replace('model.hard_examples.', '')
)
def test_a_step(name: str, options: tuple[str, ...]) -> None:
    """The narrowed model of the config, on noise: the terms that have a weight, and gradients everywhere."""
    cfg = load_config(CONFIGS / 'hexa' / f'{name}.py', list(options))
    narrow(cfg.model)
    cfg.model.backbone.update(base_channels=8, stem_channels=8)
    cfg.model.neck.in_channels = 64
    replace_sync_batch_norm(cfg)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg.model)
    model.init_weights()
    sizes = {'moco': [32, 32], '2crop': [32, 32], '6crop': [32, 32, 24, 24]}
    sizes = next(own for part, own in sizes.items() if part in name)
    data = {'inputs': [torch.randint(0, 256, (4, 3, size, size)).float() for size in sizes]}
    data['data_samples'] = [DataSample(metainfo={'sample_idx': index}) for index in range(4)]
    if name.startswith('dcluster'):
        set_clusters(model, num_samples=4)
    data = model.data_preprocessor(data, True)
    losses = model(**data, mode='loss')
    weights = hard_examples(name, options)
    expected = {'loss_adv': NAMES[0], 'loss_cmx': NAMES[1], 'loss_cmx_adv': NAMES[2]}
    assert set(losses) == {'loss_std', *(loss for loss, weight in expected.items() if weights.get(weight, 0))}
    sum(losses.values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters() if p.requires_grad)
