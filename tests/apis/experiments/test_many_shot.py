"""The many-shot suite: what is measured on which data, how images are read, and a run of two data sets."""

from pathlib import Path

import pytest
import torch
from mmpretrain.registry import MODELS

from cft.apis import load_config, run_plan
from cft.apis.experiments.many_shot import SUITE, many_shot_runs, many_shot_table
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError
from cft.experiments import RunRecord
from tests.support.classification_downloads import write_miniature
from tests.support.command_line import call_tool

TINY = {
    'model.backbone.depth': 18,
    'model.backbone.stem_channels': 4,
    'model.backbone.base_channels': 4,
    'model.head.in_channels': 32,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'test_dataloader.num_workers': 0,
    'test_dataloader.persistent_workers': False,
}
# SCE, section 4.4.
MEAN_PER_CLASS = {'aircraft', 'caltech101', 'pets', 'flowers102'}


@pytest.mark.parametrize('name', ['food101', 'cifar10', 'voc07', 'pets'])
def test_what_is_measured_and_how_images_are_read(name: str) -> None:
    """The whole shorter side, 224; data below another folder."""
    (run,) = many_shot_runs('moco.pth', [name], 'elsewhere')
    expected = 'map' if name == 'voc07' else 'mean_per_class' if name in MEAN_PER_CLASS else 'top1'
    assert run.options == {'splits': ['test'], 'measures': [f'many_shot/{expected}'], 'train': False}
    cfg = load_config(run.config, {**run.overrides, 'checkpoint': None})
    steps = {step['type']: step for _, step in iterate_dicts(cfg.test_dataloader.dataset.pipeline) if 'type' in step}
    assert (steps['ResizeEdge']['scale'], steps['ResizeEdge']['edge'], steps['CenterCrop']['crop_size']) == (
        224, 'short', 224,
    )  # fmt: skip
    assert steps['ResizeEdge']['interpolation'] == 'bicubic'
    roots = {cfg[f'{part}_dataloader'].dataset.data_root for part in ('train', 'test')}
    assert len(roots) == 1 and roots.pop().startswith('elsewhere/')


def test_measures_of_the_paper() -> None:
    found = {name: measure.removeprefix('many_shot/') for name, (_, measure) in SUITE.items()}
    assert {name for name, measure in found.items() if measure == 'mean_per_class'} == MEAN_PER_CLASS
    assert [name for name, measure in found.items() if measure == 'map'] == ['voc07']


def test_table() -> None:
    assert list(SUITE)[:2] + list(SUITE)[-1:] == ['food101', 'cifar10', 'flowers102'] and len(SUITE) == 11
    records = [
        RunRecord(name, '', '', metrics={'test': {'many_shot/top1': value}}, labels={'measure': 'many_shot/top1'})
        for name, value in (('cars', 65.7), ('dtd', 77.1))
    ]
    assert many_shot_table(records).splitlines()[-1] == '| 65.7 | 77.1 | 71.4 |'
    records[1].metrics['test'].clear()
    with pytest.raises(ConfigError, match='many_shot/top1 is not defined on dtd'):
        many_shot_table(records)


def test_unknown_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    options = ['moco.pth', '--data', 'dtd', 'mnist', '--work-dir', tmp_path]
    assert call_tool(monkeypatch, 'analysis/many_shot', *options) == 2
    assert "the many-shot suite has no data set 'mnist'; it has food101, cifar10" in capsys.readouterr().err


@pytest.mark.slow
def test_from_files_to_the_table(tmp_path: Path) -> None:
    for name in ('dtd', 'pets'):
        write_miniature(name, tmp_path / 'data')
    torch.manual_seed(0)
    network = MODELS.build(load_config('ce/r50_dtd', TINY).model.backbone)
    torch.save({'state_dict': network.state_dict()}, tmp_path / 'moco.pth')
    overrides = {**TINY, 'model.head.num_classes': 2}
    runs = many_shot_runs(tmp_path / 'moco.pth', ['dtd', 'pets'], tmp_path / 'data', overrides)
    records = run_plan(runs, tmp_path / 'work', 'in-process')
    assert [list(record.metrics['test']) for record in records] == [['many_shot/top1'], ['many_shot/mean_per_class']]
    assert many_shot_table(records).startswith('| dtd | pets | average |\n| ---: |')
