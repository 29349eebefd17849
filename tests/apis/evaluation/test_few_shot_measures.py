"""Few-shot accuracy of an ordinary model: where it is named, with the options of the command line."""

from pathlib import Path

import numpy as np
import pytest

from cft.apis import evaluate_runner, load_config, train
from cft.evaluation import Episodes, few_shot_accuracy
from cft.evaluation.chosen_measures import chosen_measures
from cft_cli.evaluate import parse_args


def test_tasks_of_known_classes(tmp_path: Path) -> None:
    cfg = load_config('quickstart/ce_digits', {'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1})
    cfg.work_dir, cfg.experiment_name = str(tmp_path), 'few_shot_measures'
    names = ['few_shot/1shot_nearest_mean', 'few_shot/5shot_nearest_mean']
    found = evaluate_runner(train(cfg), 'test', names, episodes={'tasks': 30, 'ways': 10, 'runs': 2})
    assert found.task == 'classification' and set(names) < set(found.metrics)
    features, labels = (
        np.load(tmp_path / found.files['features']),
        np.load(tmp_path / found.files['predictions'])['labels'],
    )
    for shots, name in zip((1, 5), names, strict=True):
        runs = [Episodes.read(tmp_path / found.files[f'episodes_test_{shots}shot_run{run}']) for run in (1, 2)]
        assert runs[0].shape == (30, 10, shots, 15)
        told = few_shot_accuracy(features, labels, head='nearest_mean', episodes=runs)
        assert found.metrics[name] == pytest.approx(told.mean)
        assert found.metrics[f'{name}_interval'] == pytest.approx(told.interval)
    assert [row[0] for row in found.tables['few_shot']['rows']] == ['1-shot, nearest mean', '5-shot, nearest mean']


def test_too_few_classes_are_told_and_lose_nothing_else(tmp_path: Path) -> None:
    cfg = load_config('quickstart/ce_digits', {'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1})
    cfg.work_dir, cfg.experiment_name = str(tmp_path), 'few_shot_too_few'
    found = evaluate_runner(train(cfg), 'test', 'few_shot/1shot_cosine,isotropy', episodes={'ways': 11})
    assert 'isotropy' in found.metrics and 'few_shot' not in found.tables
    assert found.notes == ['few_shot/1shot_cosine is left out: tasks of 11 classes need as many; there are 10']


def test_they_are_measured_where_they_are_named() -> None:
    assert not any(name.startswith('few_shot') for name in chosen_measures('all'))
    assert len(chosen_measures('few_shot')) == 6 and len(chosen_measures('all,few_shot')) > 20


def test_options_of_the_command_line(capsys: pytest.CaptureFixture) -> None:
    args = parse_args(['work_dirs/run', 'measures=few_shot', 'ways=3', 'tasks=600', 'data_root=flowers'])
    assert args.episodes == {'ways': '3', 'tasks': '600'} and args.cfg_options == ['data_root=flowers']
    with pytest.raises(SystemExit):
        parse_args(['work_dirs/run', 'tasks=many'])
    assert 'tasks=many: give a whole number' in capsys.readouterr().err
