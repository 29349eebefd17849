"""Configs of the few-shot benchmarks: SCHaNe's recipe, and a step, a validation and a test of each on small data."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from cft.apis import evaluate, load_config, train
from cft.datasets.few_shot_splits import SPLITS, few_shot_classes
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError
from cft.evaluation import Episodes, task_accuracies
from tests.support.data_set_configs import FEW_SHOT, FEW_SHOT_METHODS
from tests.support.digits_runs import CONFIGS
from tests.support.short_schedules import fit_schedule
from tests.support.ssl_data_files import write_cifar, write_jpeg

NETS = ('beit3_b16', 'r12')
CLASSES = {'cifar_fs': 64, 'fc100': 60, 'miniimagenet': 64, 'tieredimagenet': 351}


@pytest.mark.parametrize('method', FEW_SHOT_METHODS)
def test_files_are_the_template(method: str) -> None:
    template = (CONFIGS / method / 'r12_cifar_fs.py').read_text()
    assert template.count('r12_cifar_fs') == 1
    for net in NETS:
        for data in FEW_SHOT:
            text = (CONFIGS / method / f'{net}_{data}.py').read_text()
            assert text == template.replace('r12_cifar_fs', f'{net}_{data}')


@pytest.mark.parametrize('data', FEW_SHOT)
@pytest.mark.parametrize('net', NETS)
def test_recipe_of_schane(net: str, data: str) -> None:
    """100 epochs of 1,024, 1e-4, weight decay 0.05, AutoAugment, two views; 3 runs of 3,000 5-way tasks, 15 queries."""
    cfg = load_config(f'schane/{net}_{data}')
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay, cfg.train_cfg.max_epochs) == (1e-4, 0.05, 100)
    assert (cfg.auto_scale_lr.base_batch_size, cfg.train_dataloader.batch_size * 8) == (1024, 1024)
    steps = [step for _, step in iterate_dicts(cfg.train_dataloader.dataset.pipeline)]
    assert [step['num_views'] for step in steps if 'num_views' in step] == [2]
    assert sum(step.get('type') == 'AutoAugment' for step in steps) == 1
    names = [cfg[f'{split}_dataloader'].dataset.classes_file for split in SPLITS]
    assert names == [f'{data}/{split}' for split in SPLITS]
    assert len(few_shot_classes(names[0])) == cfg.model.head.num_classes == CLASSES[data]
    loop = {name: cfg.test_cfg[name] for name in ('ways', 'queries', 'tasks', 'runs', 'shots')}
    assert loop == dict(ways=5, queries=15, tasks=3000, runs=3, shots=(1, 5))
    assert cfg.model.head.loss_weights == dict(loss_ce=0.1, loss_con=0.9)


def small(config: str, root: Path, work_dir: Path) -> Config:
    """A step of a small network; tasks of two questions and few labelled images."""
    cfg = load_config(config, {'data_root': str(root)})
    if 'r12' in config:
        cfg.model.backbone.update(channels=(4, 8))
        cfg.model.head.in_channels = 8
    else:
        cfg.model.backbone.update(embed_dim=24, num_heads=2, depth=1)
        cfg.model.head.in_channels = 24
    for _, step in iterate_dicts(cfg._cfg_dict):
        if step.get('type') in ('RandomResizedCrop', 'ResizeEdge'):
            step['scale'] = 32
        if step.get('type') == 'CenterCrop':
            step['crop_size'] = 32
    for split in SPLITS:
        cfg[f'{split}_dataloader'].update(num_workers=0, persistent_workers=False, pin_memory=False)
    cfg.train_dataloader.batch_size = 400
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.val_cfg.update(queries=2, tasks=4)
    cfg.test_cfg.update(queries=2, tasks=6, shots=(1, 2))
    fit_schedule(cfg)
    cfg.work_dir, cfg.experiment_name = str(work_dir), f'{config}_{work_dir.name}'.replace('/', '_')
    return cfg


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return write_cifar(tmp_path / 'cifar', monkeypatch, images=200)


# Each takes seconds; cross-entropy is in the next test.
@pytest.mark.slow
@pytest.mark.parametrize('config', ['scl/r12_fc100', 'ce_simclr/r12_cifar_fs', 'schane/beit3_b16_fc100'])
def test_step_validation_and_test(config: str, cifar: Path, tmp_path: Path) -> None:
    runner = train(small(config, cifar, tmp_path / 'run'))
    assert runner.iter == 1 and runner.message_hub.get_scalar('train/loss_con').current() > 0
    assert 0 <= runner.message_hub.get_scalar('val/few_shot/1shot_logistic').current() <= 100
    assert list((tmp_path / 'run').glob('best_few_shot_1shot_logistic_epoch_1.pth'))
    metrics = runner.test()
    heads = ('logistic', 'nearest_mean', 'cosine')
    assert {name for name in metrics if name.endswith(heads)} == {
        f'few_shot/{shots}shot_{head}' for shots in (1, 2) for head in heads
    }


def test_evaluation_says_the_same_and_writes_the_tasks(cifar: Path, tmp_path: Path) -> None:
    cfg = small('ce/r12_cifar_fs', cifar, tmp_path / 'run')
    runner = train(cfg)
    assert list((tmp_path / 'run').glob('best_few_shot_1shot_logistic_epoch_1.pth'))
    tested = runner.test()
    found = evaluate(tmp_path / 'run', next((tmp_path / 'run').glob('epoch_1.pth')), measures=['isotropy'])
    assert (found.task, found.images) == ('few-shot', 80)
    assert {name: found.metrics[name] for name in tested} == pytest.approx(tested)
    assert set(found.metrics) - set(tested) == {'isotropy'}
    assert len(found.tables['few_shot']['rows']) == 6
    features = np.load(tmp_path / 'run' / found.files['features'])
    runs = [Episodes.read(tmp_path / 'run' / found.files[f'episodes_test_2shot_run{run}']) for run in (1, 2, 3)]
    means = [task_accuracies(features, episodes, 'cosine').mean() for episodes in runs]
    assert np.mean(means) == pytest.approx(tested['few_shot/2shot_cosine'])
    fewer = evaluate(
        tmp_path / 'run', next((tmp_path / 'run').glob('epoch_1.pth')), measures='', episodes={'tasks': 2, 'runs': 1}
    )
    assert Episodes.read(tmp_path / 'run' / fewer.files['episodes_test_1shot_run1']).shape == (2, 5, 1, 2)


@pytest.mark.slow
def test_images_of_miniimagenet(tmp_path: Path) -> None:
    lists: dict[str, list[str]] = {}
    for split in SPLITS:
        for label, name in enumerate(few_shot_classes(f'miniimagenet/{split}')):
            for number in range(4):
                write_jpeg(tmp_path / 'train' / name / f'{name}_{number}.JPEG', 34, 36, seed=label)
            lists.setdefault(split, []).extend(f'{name}0000000{place}.jpg,{name}' for place in (1, 2, 4))
        (tmp_path / f'{split}.csv').write_text('\n'.join(['filename,label', *lists[split]]) + '\n')
    cfg = small('schane/r12_miniimagenet', tmp_path, tmp_path / 'run')
    for split in SPLITS:
        cfg[f'{split}_dataloader'].dataset.images_file = str(tmp_path / f'{split}.csv')
    cfg.test_cfg.shots = (1,)
    metrics = train(cfg).test()
    assert 0 <= metrics['few_shot/1shot_logistic'] <= 100


def test_settings_that_loops_refuse(cifar: Path, tmp_path: Path) -> None:
    cfg = small('ce/r12_cifar_fs', cifar, tmp_path / 'run')
    cfg.test_evaluator = dict(type='Accuracy')
    with pytest.raises(ConfigError, match=r'test_evaluator has Accuracy.*write test_evaluator = \[\]'):
        train(cfg).test()
    for wrong, told in (({'shotz': 1}, 'shotz is no setting'), ({'heads': ('svm',)}, 'heads are logistic')):
        cfg = small('ce/r12_cifar_fs', cifar, tmp_path / 'other')
        cfg.val_cfg.update(wrong)
        with pytest.raises(ConfigError, match=told):
            train(cfg)
