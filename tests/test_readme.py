"""What the README shows is true of the code."""

import re
from pathlib import Path

import torch
from digits_runs import CONFIGS
from mmpretrain.structures import DataSample

from cft.apis import load_config
from cft.apis.checks import check_config
from cft.registry import MODELS

ROOT = CONFIGS.parent
README = (ROOT / 'README.md').read_text()


def test_composed_config_trains(tmp_path: Path) -> None:
    """The example of a composition is a valid config, and its head computes both losses."""
    example = next(block for block in re.findall(r'```python\n(.*?)```', README, re.S) if '_base_' in block)
    path = tmp_path / 'composed.py'
    path.write_text(example.replace("'../ce/r50_folder.py'", repr(str(CONFIGS / 'ce' / 'r50_folder.py'))))
    cfg = load_config(path)
    check_config(cfg)
    cfg.model.head.num_classes = 3
    head = MODELS.build(cfg.model.head)
    samples = [DataSample().set_gt_label(index % 3) for index in range(6)]
    losses = head.loss((torch.randn(6, 2048),), samples)
    assert set(losses) == {'loss_ce', 'loss_con'} and all(value > 0 for value in losses.values())


def test_paths_exist() -> None:
    named = set(re.findall(r'\b((?:configs|tools|cft|tests)/[\w./{},]+)', README))
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
