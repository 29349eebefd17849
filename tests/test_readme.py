"""What the README shows is true of the code."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import torch
from mmpretrain.structures import DataSample

import cft
from cft.apis import load_config
from cft.apis.configs.checks import check_config
from cft.registry import MODELS
from tests.support.digits_runs import CONFIGS

ROOT = CONFIGS.parent
README = (ROOT / 'README.md').read_text()
CONTRIBUTING, CHANGELOG = ((ROOT / f'{name}.md').read_text() for name in ('CONTRIBUTING', 'CHANGELOG'))


def test_composed_config_trains(tmp_path: Path) -> None:
    """The example of a composition is a valid config, and its head computes both losses."""
    example = next(block for block in re.findall(r'```python\n(.*?)```', README, re.DOTALL) if '_base_' in block)
    path = tmp_path / 'composed.py'
    path.write_text(example.replace("'../ce/r50_folder.py'", repr(str(CONFIGS / 'ce' / 'r50_folder.py'))))
    cfg = load_config(path)
    check_config(cfg)
    cfg.model.head.num_classes = 3
    head = MODELS.build(cfg.model.head)
    samples = [DataSample().set_gt_label(index % 3) for index in range(6)]
    losses = head.loss((torch.randn(6, 2048),), samples)
    assert set(losses) == {'loss_ce', 'loss_con'} and all(value > 0 for value in losses.values())


@pytest.mark.parametrize('text', [README, CONTRIBUTING], ids=['README', 'CONTRIBUTING'])
def test_paths_exist(text: str) -> None:
    named = set(re.findall(r'\b((?:configs|tools|cft|tests|projects)/[\w./{},]+)(?!<)', text))
    assert len(named) > 10
    for name in named:
        alternatives = re.search(r'{(.*)}', name)
        options = alternatives.group(1).split(',') if alternatives else ['']
        for option in options:
            path = ROOT / (re.sub(r'{.*}', option, name) if alternatives else name).rstrip('.,')
            assert path.exists(), path


def test_pictures_exist() -> None:
    pictures = re.findall(r'!\[[^]]*\]\(([^)]+)\)', README)
    assert pictures and all((ROOT / picture).is_file() for picture in pictures)


def test_moved_things_are_where_the_changelog_says() -> None:
    """What stands on the right can be imported."""
    rows = re.findall(r'^\| (`.*) \| (.*) \|$', CHANGELOG, re.MULTILINE)
    names = re.findall(r'`(cft\.[\w.]+)`', ' '.join(now for _, now in rows))
    assert len(names) > 20
    for name in names:
        module, _, attribute = name.rpartition('.')
        found = import_module(module)
        assert hasattr(found, attribute) or import_module(name), name
    assert f'## {cft.__version__}\n' in CHANGELOG


def test_names_of_contributing_exist() -> None:
    for name in re.findall(r'`(cft\.[\w.]+)`', CONTRIBUTING):
        module, _, attribute = name.rpartition('.')
        assert hasattr(import_module(module), attribute), name
