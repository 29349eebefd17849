"""Every option that a README shows, and every ablation of the papers, is accepted and builds what it says."""

import argparse
import re
import shlex
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope

from cft.apis import load_config
from cft.apis.completion.completion import replace_sync_batch_norm
from cft.engine.schedule_length import check_schedule
from cft.registry import MODELS
from tests.support.command_line import ROOT

README_FILES = sorted(path for path in ROOT.rglob('README.md') if not {'.venv', 'work_dirs'} & set(path.parts))


def commands_with_options() -> list[tuple[str, str, tuple[str, ...]]]:
    """README, config and options of every command that trains or tests with ``--cfg-options`` or ``cft train``."""
    found = []
    for readme in README_FILES:
        text = readme.read_text().replace('\\\n', ' ')
        for line in re.findall(r'^    (?:\$ )?((?:bash|python|cft) .*)$', text, re.MULTILINE):
            words = shlex.split(line.split(' # ')[0], comments=True)
            if '--cfg-options' not in words and words[:2] not in (['cft', 'train'], ['cft', 'test']):
                continue
            config = next((word for word in words if re.fullmatch(r'configs/[\w/]+\.py|[a-z]\w+/\w+', word)), None)
            options = tuple(word for word in words if re.match(r'[A-Za-z_][\w.]*=', word))
            if config and options and '...' not in options:
                found.append((str(readme.relative_to(ROOT)), config, options))
    return found


DOCUMENTED = commands_with_options()


def parsed(config: str, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Config:
    """The config as ``tools/train.py CONFIG --cfg-options ...`` reads it."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    monkeypatch.delitem(sys.modules, '_cli', raising=False)
    from _cli import add_common_arguments, read_config

    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    add_common_arguments(parser)
    return read_config(parser.parse_args([config, '--cfg-options', *options]))


def build_head(cfg: Config) -> object:
    """The part of a model that methods differ in; the backbone of a classifier plays no role."""
    replace_sync_batch_norm(cfg)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        head = cfg.model.get('head')
        if head is None or cfg.default_scope != 'mmpretrain' or not str(head.get('type')).endswith('Head'):
            return MODELS.build(cfg.model)
        return MODELS.build({**head, 'num_classes': head.get('num_classes') or 3})


def test_the_readmes_have_some() -> None:
    assert len(DOCUMENTED) >= 10
    assert {'README.md', 'configs/coretuning/README.md'} <= {readme for readme, _, _ in DOCUMENTED}


@pytest.mark.parametrize(('readme', 'config', 'options'), DOCUMENTED)
def test_documented_options(
    readme: str, config: str, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read, every value stands where the README says, and the schedule ends with the training."""
    cfg = parsed(config, options, monkeypatch)
    check_schedule(cfg)
    for option in options:
        name, _, text = option.partition('=')
        node: object = cfg
        for key in name.split('.'):
            node = node[int(key)] if isinstance(node, list) else node[key]
        assert str(node) == text or node == text


# From methods: the switches of the papers' tables, with what the built head or model must be.
PAIRS, LOSS = 'model.head.contrastive.pairs', 'model.head.contrastive.loss'
STAGE = 'custom_hooks.0.stages'
ABLATIONS = {
    'plain manifold mixup without contrast (Core-tuning 7, 15)': (
        'coretuning/r50_cifar10',
        [f'{PAIRS}.type=cft.ManifoldMixup', 'model.head.contrastive.loss_weight=0'],
        lambda head: (
            (type(head.contrastive.pairs).__name__, head.contrastive.loss_weight, head.smooth_classifier)
            == ('ManifoldMixup', 0, True)
        ),
    ),
    'SupCon instead of focal (Core-tuning 7)': (
        'coretuning/r50_cifar10',
        [f'{LOSS}.type=cft.SupConLoss', f'{LOSS}.temperature=0.07', f'{LOSS}.gather=True'],
        lambda head: (type(head.contrastive.loss).__name__, head.contrastive.loss.gather) == ('SupConLoss', True),
    ),
    'thresholds (Core-tuning 13, 14)': (
        'coretuning/r50_cifar10',
        [f'{PAIRS}.negative_threshold=0.5', f'{PAIRS}.positive_threshold=0.8'],
        lambda head: (
            (head.contrastive.pairs.negative_threshold, head.contrastive.pairs.positive_threshold) == (0.5, 0.8)
        ),
    ),
    'only generated positives (Core-tuning 15)': (
        'coretuning/r50_cifar10',
        [f'{LOSS}.only_extra_positives=True'],
        lambda head: head.contrastive.loss.only_extra_positives is True,
    ),
    'no smooth classifier (Core-tuning 7)': (
        'coretuning/r50_cifar10',
        ['model.head.smooth_classifier=False'],
        lambda head: head.smooth_classifier is False,
    ),
    'no pairs (Core-tuning 7)': (
        'coretuning/r50_cifar10',
        [f'{PAIRS}=None', 'model.head.smooth_classifier=False'],
        lambda head: head.contrastive.pairs is None,
    ),
    'a head written anew': (
        'coretuning/r50_cifar10',
        ["model.head=dict(type='LinearClsHead', num_classes=10, in_channels=2048)"],
        lambda head: type(head).__name__ == 'LinearClsHead',
    ),
    'SCHaNe with detached weights, lambda and temperature (SCHaNe 4, 5)': (
        'schane/r50_cifar10',
        [f'{LOSS}.detach_weights=True', f'{LOSS}.temperature=0.2', 'model.head.loss_weights.loss_con=0.5'],
        lambda head: (head.contrastive.loss.detach_weights, head.loss_weights['loss_con']) == (True, 0.5),
    ),
    'HEXA: cut-mixed adversarial views (figure 2)': (
        'hexa/moco_r50_imagenet',
        ['model.hard_examples.adversarial_cutmix_weight=1.0', 'model.hard_examples.cutmix_weight=0'],
        lambda model: sorted(model.hard_examples.weights.values()) == [0, 1, 1],
    ),
    'SCE: coefficient and temperatures (SCE 3 to 5)': (
        'sce/r50_imagenet100',
        ['model.head.coefficient=0.7', 'model.head.temperature=0.2', 'model.head.target_temperature=0.05'],
        lambda model: (
            (model.head.coefficient, model.head.temperature, model.head.target_temperature) == (0.7, 0.2, 0.05)
        ),
    ),
}


@pytest.mark.parametrize('name', ABLATIONS)
def test_ablations(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config, options, holds = ABLATIONS[name]
    assert holds(build_head(parsed(config, tuple(options), monkeypatch)))


@pytest.mark.parametrize(
    ('option', 'place', 'value'),
    [
        (f'{STAGE}.0.fraction=0.6', 'fraction', 0.6),
        (f'{STAGE}.1.restart_schedule=True', 'restart_schedule', True),
    ],
)
def test_stages_of_coin(option: str, place: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    stages = parsed('coin/r50_cifar10', (option,), monkeypatch).custom_hooks[0].stages
    assert value in [stage.get(place) for stage in stages]


@pytest.mark.parametrize('folder', ['my flowers', '2024', 'a, b', "it's", '(x)'])
def test_folders_of_any_name(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options = (f'data_root={folder}', f'work_dir={folder}/runs', f'checkpoint={folder}/c.pth')
    cfg = parsed('ce/r50_folder', options, monkeypatch)
    assert cfg.train_dataloader.dataset.data_root == cfg.data_root == folder
    assert (cfg.work_dir, cfg.checkpoint) == (f'{folder}/runs', f'{folder}/c.pth')
    assert load_config('ce/r50_folder', {'data_root': folder}).val_dataloader.dataset.data_root == folder


def test_readme_files_are_found() -> None:
    assert ROOT / 'README.md' in README_FILES and Path(ROOT / 'configs' / 'coin' / 'README.md') in README_FILES
