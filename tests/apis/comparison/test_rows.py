"""Rows of a comparison, what data are for, durations and budgets: without any training."""

import pytest

from cft.apis.comparison.budget import read_duration, seeds_within, total_seconds
from cft.apis.comparison.rows import config_of, find_task, rows_of
from cft.errors import ConfigError
from tests.support.backbone_files import resnet18
from tests.support.domain_files import draw_domains
from tests.support.image_folders import fill
from tests.support.mask_folders import usual

CLASSES = {'cat': 2, 'dog': 2}


def test_the_task_is_found_by_looking(tmp_path):
    assert find_task(fill(tmp_path / 'classes')) == 'classification'
    usual(tmp_path / 'masks')
    assert find_task(tmp_path / 'masks') == 'segmentation'
    assert find_task(draw_domains(tmp_path / 'domains', {'art': CLASSES, 'photo': CLASSES}, side=8)) == 'domains'
    (tmp_path / 'labels.csv').write_text('path,label\na.jpg,cat\n')
    assert find_task(tmp_path / 'labels.csv') == 'classification'


def test_split_folders_and_folders_of_patients_are_no_domains(tmp_path):
    assert find_task(draw_domains(tmp_path / 'splits', {'train': CLASSES, 'val': CLASSES}, side=8)) == 'classification'
    of_patients = {'healthy': {'p1': 1, 'p2': 1}, 'ill': {'p3': 1, 'p4': 1}}
    assert find_task(draw_domains(tmp_path / 'patients', of_patients, side=8)) == 'classification'


def test_masks_with_a_mistake_are_not_taken_for_classes(tmp_path):
    usual(tmp_path / 'masks')
    next((tmp_path / 'masks' / 'masks').iterdir()).unlink()
    with pytest.raises(ConfigError, match='look like images with boxes or masks, and is neither.*task='):
        find_task(tmp_path / 'masks')


def test_no_data(tmp_path):
    with pytest.raises(ConfigError, match='no folder or table .*nowhere'):
        find_task(tmp_path / 'nowhere')


@pytest.mark.parametrize(('task', 'suffix'), [('segmentation', '_seg'), ('detection', '_det'), ('domains', '_dg')])
def test_methods_have_a_config_for_each_task(task, suffix):
    assert config_of('coretuning', task) == f'coretuning/folder{suffix}'


def test_what_is_no_method_of_the_task_is_refused():
    # It has a config of this name, for pre-training.
    with pytest.raises(
        ConfigError, match='method sce has no config for classification.*there are .*ce, .*coin, coretuning'
    ):
        config_of('sce', 'classification')
    with pytest.raises(ConfigError, match='no config scl/nothing'):
        config_of('scl/nothing', 'classification')


def test_rows_are_checkpoints_times_methods(tmp_path):
    files = [tmp_path / name / 'epoch_9.pth' for name in ('moco', 'sce')]
    for file in files:
        file.parent.mkdir()
        resnet18(file)
    rows = rows_of(['ce', 'ce@scratch', 'scl'], [str(file) for file in files], 'classification', ['epochs=3'])
    assert [row.key for row in rows] == [
        'moco-epoch_9/ce',
        'ce@scratch',
        'moco-epoch_9/scl',
        'sce-epoch_9/ce',
        'sce-epoch_9/scl',
    ]
    assert [row.overrides['checkpoint'] for row in rows if row.key != 'ce@scratch'] == [str(files[0])] * 2 + [
        str(files[1])
    ] * 2
    scratch = rows[1]
    assert scratch.name == 'CE from scratch'
    assert scratch.overrides['model.backbone']['depth'] == 18 and scratch.overrides['epochs'] == 3


def test_mistakes_in_rows(tmp_path):
    with pytest.raises(ConfigError, match='no checkpoint .*moco.pth'):
        rows_of(['ce'], [str(tmp_path / 'moco.pth')], 'classification')
    with pytest.raises(ConfigError, match='ce is named twice'):
        rows_of(['ce', 'scl', 'ce'], [None], 'classification', {'backbone': 'resnet18'})


@pytest.mark.parametrize(
    ('text', 'seconds'), [('2h', 7200), ('1h30min', 5400), ('90s', 90), ('1.5m', 90), ('1d', 86400)]
)
def test_durations(text, seconds):
    assert read_duration(text) == seconds


@pytest.mark.parametrize('text', ['2', 'h', '2 weeks', '', '1h-3'])
def test_what_is_no_duration(text):
    with pytest.raises(ConfigError, match='write a duration such as 2h'):
        read_duration(text)


def test_a_budget_cuts_draws_and_never_trials():
    seconds = {'ce': 10.0, 'scl': 30.0}
    for budget in range(220, 400, 7):
        seeds = seeds_within(budget, seconds, trials=8, seeds=10, width=2)
        assert total_seconds(seconds, 8, seeds, 2) <= budget
        assert seeds == 10 or total_seconds(seconds, 8, seeds + 1, 2) > budget
    assert seeds_within(1e9, seconds, trials=8, seeds=10, width=2) == 10
    with pytest.raises(ConfigError, match='2 rows of 8 trials and 3 draws take about 3.7 min'):
        seeds_within(219, seconds, trials=8, seeds=10, width=2)
    # Two that were asked for may be done; fewer are not made of them.
    assert seeds_within(200, seconds, trials=8, seeds=2, width=2) == 2
