"""What a run is known by, and mistakes that show before the first of many begins."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cft.apis import run_plan
from cft.apis.experiments.checks import PlanChecks
from cft.errors import ConfigError
from cft.experiments import Output, Plan, Run, fingerprints
from tests.support.image_folders import fill

CE = Run('ce-0', 'quickstart/ce_digits')


def fingerprint(*runs: Run) -> str:
    """Of the last run."""
    return fingerprints(Plan(runs), 'a:b', PlanChecks().facts(Plan(runs).runs))[runs[-1].name]


def test_same_result_same_fingerprint() -> None:
    """However it is called, wherever it is done, and however its settings are written."""
    expected = fingerprint(CE)
    assert fingerprint(replace(CE, name='other', labels={'method': 'ce'})) == expected
    assert fingerprint(replace(CE, config='configs/quickstart/ce_digits.py')) == expected
    for name, value in {'log_level': 'ERROR', 'work_dir': 'x', 'tracker': 'tensorboard'}.items():
        assert fingerprint(replace(CE, overrides={name: value})) == expected
    assert fingerprint(replace(CE, overrides={'optim_wrapper.optimizer.lr': 0.025})) == expected


@pytest.mark.parametrize(
    'change',
    [
        {'overrides': {'optim_wrapper.optimizer.lr': 0.1}},
        {'overrides': {'train_dataloader.dataset.seed': 1}},
        {'seed': 1},
        {'options': {'splits': ['val', 'test']}},
        {'options': {'measures': ['knn']}},
        {'config': 'quickstart/scl_digits'},
    ],
)
def test_other_result_other_fingerprint(change: dict) -> None:
    assert fingerprint(replace(CE, **change)) != fingerprint(CE)


def test_checkpoint_by_content(tmp_path: Path) -> None:
    torch.save({'weight': torch.zeros(3)}, tmp_path / 'a.pth')
    shutil.copy(tmp_path / 'a.pth', tmp_path / 'copy.pth')
    torch.save({'weight': torch.ones(3)}, tmp_path / 'b.pth')

    def of(name: str) -> str:
        return fingerprint(replace(CE, overrides={'checkpoint': str(tmp_path / name)}))

    before = of('a.pth')
    assert of('copy.pth') == before
    assert len({fingerprint(CE), before, of('b.pth')}) == 3
    shutil.copy(tmp_path / 'b.pth', tmp_path / 'a.pth')
    assert of('a.pth') == of('b.pth')


def test_checkpoint_of_another_run() -> None:
    """By what that run's result depends on; itself it is not there yet."""
    sce = Run('sce', 'quickstart/sce_digits')
    fine = replace(CE, overrides={'checkpoint': Output('sce')})
    expected = fingerprint(sce, fine)
    renamed = fingerprint(replace(sce, name='x'), replace(CE, overrides={'checkpoint': Output('x')}))
    assert renamed == expected != fingerprint(replace(sce, seed=1), fine)
    assert expected != fingerprint(CE)


def test_data_by_content(tmp_path: Path) -> None:
    """Of the splits that are used."""
    root = tmp_path / 'images'
    for split in ('train', 'val', 'test'):
        fill(root / split, per_class=3)
    run = Run('ce', 'ce/r50_folder', {'data_root': str(root)})
    tested = replace(run, options={'splits': ['val', 'test']})
    before = fingerprint(run), fingerprint(tested)
    assert (fingerprint(run), fingerprint(tested)) == before
    next((root / 'test').rglob('*.png')).unlink()
    assert fingerprint(run) == before[0]
    assert fingerprint(tested) != before[1]
    next((root / 'train').rglob('*.png')).unlink()
    assert fingerprint(run) != before[0]


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    runs = [
        CE,
        replace(CE, name='a', config='no/config'),
        replace(CE, name='b', overrides={'optim_wrapper.optimizer.type': 'SGDD'}),
        replace(CE, name='c', overrides={'checkpoint': 'nowhere.pth'}),
        Run('d', 'ce/r50_folder', {'data_root': str(tmp_path / 'nowhere')}),
        replace(CE, name='e', options={'split': ['val']}),
        replace(CE, name='f', options={'splits': ['tests']}),
        replace(CE, name='g', options={'measures': ['knnn']}),
        *[replace(CE, name=f'h{i}', overrides={'val_dataloader.dataset.colour': 1}) for i in range(5)],
    ]
    with pytest.raises(ConfigError) as caught:
        run_plan(runs, tmp_path / 'work', 'in-process')
    first, *lines = str(caught.value).splitlines()
    assert first == '8 mistakes:'
    for line, (name, told) in zip(
        lines,
        {
            'a': 'no config no/config',
            'b': "'SGDD'",
            'c': 'no checkpoint nowhere.pth',
            'd': 'nowhere',
            'e': "unknown options ['split']",
            'f': 'tests',
            'g': 'knnn',
            'h0, h1, h2 and 2 more': 'val_dataloader.dataset.colour',
        }.items(),
        strict=True,
    ):
        assert line.startswith(f'  {name}: ') and told in line
    assert not (tmp_path / 'work' / 'runs').exists()


def test_executor_that_is_none(tmp_path: Path) -> None:
    for text in ('remote', 'local:none', 'local:0', 'in-process:3', 'slurm:partition'):
        with pytest.raises(ConfigError, match=f'--executor {text}'):
            run_plan([CE], tmp_path, text)
    with pytest.raises(ConfigError, match='slurm takes no jobs'):
        run_plan([CE], tmp_path, 'slurm:partition=gpu')
