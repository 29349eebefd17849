"""What the log tells of a pre-training, which does not notice it."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.hooks import Hook
from mmengine.runner import Runner

from cft.apis.evaluation.features import extract_features
from cft.engine.hooks import KNNMonitorHook, PretrainingMonitorHook
from cft.errors import ConfigError
from cft.evaluation import knn_accuracy
from cft.registry import HOOKS, TRANSFORMS
from tests.support.digits_runs import PRETRAINING, run, short_config, weights
from tests.support.synchronisations import synchronisations

MONITOR = dict(type='cft.PretrainingMonitorHook')
KNN = dict(type='cft.KNNMonitorHook', interval=2)

SETTINGS = {
    'default_hooks__checkpoint__by_epoch': False,
    'default_hooks__logger__interval': 2,
    'optim_wrapper__accumulative_counts': 2,
    # As on the command line: --cfg-options default_hooks.monitor.type=cft.PretrainingMonitorHook
    'default_hooks__monitor__type': 'cft.PretrainingMonitorHook',
    'default_hooks__neighbours__type': 'cft.KNNMonitorHook',
    'default_hooks__neighbours__interval': 2,
}


def records(work_dir: Path) -> list[dict]:
    [log] = work_dir.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in log.read_text().splitlines()]


def monitored(name: str, work_dir: Path, hooks: list[dict], **settings: object) -> Runner:
    own = short_config(name, work_dir).custom_hooks
    return run(name, work_dir, custom_hooks=[*own, *hooks], **settings)


@pytest.mark.parametrize(
    'name', ['sce', *(pytest.param(name, marks=pytest.mark.slow) for name in PRETRAINING if name != 'sce')]
)
def test_every_method_trains_as_without(name: str, tmp_path: Path) -> None:
    """Bit for bit, with buffers and the optimiser's state; the log has all numbers that have a meaning."""
    run(name, tmp_path / 'plain', iterations=2)
    monitored(name, tmp_path / 'monitored', [MONITOR, KNN], iterations=2)
    expected, found = (weights(tmp_path / which / 'epoch_2.pth') for which in ('plain', 'monitored'))
    assert expected.keys() == found.keys()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())
    lines = [record for record in records(tmp_path / 'monitored') if 'loss' in record]
    numbers = {'probe_accuracy', 'feature_std', 'embedding_std'}
    if 'cluster' not in name:
        numbers |= {'queue_entropy'}
    assert len(lines) == 6 and all(numbers <= set(line) for line in lines)
    assert ('queue_entropy' in lines[0]) == ('cluster' not in name)
    assert all(0 < line[number] < 1 for line in lines for number in numbers - {'probe_accuracy'})
    assert 0 < sum(line['probe_accuracy'] for line in lines) < 600
    assert [record['step'] for record in records(tmp_path / 'monitored') if 'knn/k20' in record] == [0, 2]


@pytest.fixture(scope='module')
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two epochs of three batches; accumulated gradients, a line every second iteration, checkpoints within epochs."""
    folder = tmp_path_factory.mktemp('whole')
    run('sce', folder, iterations=2, **SETTINGS)
    return folder


def test_a_resumed_run_logs_what_the_whole_one_does(whole: Path, tmp_path: Path) -> None:
    """Within an interval of the log and within an accumulation."""
    run('sce', tmp_path, whole / 'iter_3.pth', iterations=2, **SETTINGS)
    states = [torch.load(folder / 'iter_6.pth', weights_only=False)['online_probe'] for folder in (whole, tmp_path)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in ('weight', 'bias', 'counts'))
    timeless = [
        [{key: value for key, value in record.items() if 'time' not in key} for record in records(folder)]
        for folder in (whole, tmp_path)
    ]
    later = [record for record in timeless[0] if record['step'] > 3 or ('knn/k20' in record and record['step'] == 2)]
    assert timeless[1] == later and len(later) == 2


def test_neighbours_are_those_of_the_extracted_features(whole: Path, tmp_path: Path) -> None:
    """The last number, from the weights at the end, by the data loader of an evaluation."""
    found = [record['knn/k20'] for record in records(whole) if 'knn/k20' in record]
    cfg = short_config('sce', tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.model.load_state_dict(weights(whole / 'iter_6.pth'))
    sets: list[np.ndarray] = []
    for dataset in (cfg.train_dataloader.dataset, dict(type='cft.Digits', split='val')):
        innermost = dataset.get('dataset', dataset)
        innermost['pipeline'] = cfg.test_pipeline
        loader = dict(batch_size=99, num_workers=0, collate_fn=dict(type='default_collate'), dataset=dataset)
        loader['sampler'] = dict(type='DefaultSampler', shuffle=False)
        sets += extract_features(runner.model, Runner.build_dataloader(loader))
    assert found[-1] == pytest.approx(knn_accuracy(*sets), abs=0.4)
    assert len(sets[0]) == 50 and len(sets[2]) == 297 and len(found) == 2


@HOOKS.register_module()
class _CollapseHook(Hook):
    """Every image is mapped to one point, and stays there."""

    def before_train(self, runner: Runner) -> None:
        last = [module for module in runner.model.neck.modules() if isinstance(module, torch.nn.Linear)][-1]
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.ones_(last.bias)


def test_a_collapse_stops_the_run_when_asked(tmp_path: Path) -> None:
    """After three lines; otherwise the numbers tell it: no spread."""
    settings = {'iterations': 2, 'optim_wrapper__optimizer__lr': 1e-30}
    asked = [dict(type='cft._CollapseHook'), dict(MONITOR, stop_on_collapse=True)]
    with pytest.raises(ConfigError, match=r'stopped at iteration 3: the embeddings have collapsed.*in 3 log lines'):
        monitored('mocov2', tmp_path / 'asked', asked, **settings)
    monitored('mocov2', tmp_path / 'told', [dict(type='cft._CollapseHook'), MONITOR], **settings)
    lines = [record for record in records(tmp_path / 'told') if 'loss' in record]
    assert len(lines) == 6 and max(line['embedding_std'] for line in lines) < 1e-3 < lines[0]['feature_std']


def test_the_device_is_waited_for_once_an_interval(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line in each of two epochs of three batches; no number of a tensor is asked for beside them."""
    waits: Counter[str] = Counter()

    def watched(name: str) -> None:
        plain = getattr(PretrainingMonitorHook, name)

        def call(*args: object, **kwargs: object) -> None:
            waits.update(synchronisations(lambda: plain(*args, **kwargs)))

        monkeypatch.setattr(PretrainingMonitorHook, name, call)

    watched('before_train_iter'), watched('after_train_iter')
    hook = dict(MONITOR, optimizer=dict(type='SGD', lr=0.1, momentum=0.9))
    monitored('sce', tmp_path, [hook], iterations=2, default_hooks__logger__interval=2)
    assert waits == {'tolist': 2}


@TRANSFORMS.register_module()
class _Unlabelled(BaseTransform):
    def transform(self, results: dict) -> dict:
        return {key: value for key, value in results.items() if key != 'gt_label'}


def test_images_without_labels(tmp_path: Path) -> None:
    """No probe, which is told; the other numbers are there. Nearest neighbours have labels of their own."""
    dataset = short_config('sce', tmp_path).train_dataloader.dataset
    dataset.dataset.pipeline.insert(0, dict(type='cft._Unlabelled'))
    monitored('sce', tmp_path, [MONITOR, KNN], iterations=1, train_dataloader__dataset=dataset, subset=False)
    [first, *lines, last] = records(tmp_path)
    assert len(lines) == 3 and 'knn/k20' in first and 'knn/k20' in last
    assert all('probe_accuracy' not in line and 0 < line['feature_std'] < 1 for line in lines)
    [log] = tmp_path.glob('*/*.log')
    assert log.read_text().count('The training images have no labels: no probe learns from them') == 1


@pytest.mark.parametrize(
    ('hook', 'told'),
    [
        (dict(KNN, split='tset'), "gives no images of the split 'tset'"),
        (dict(KNN, k=51), 'k=51 of 50 training images'),
    ],
)
def test_mistakes_before_training(hook: dict, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=told):
        monitored('sce', tmp_path, [hook], iterations=1)


def test_interval() -> None:
    with pytest.raises(ConfigError, match='interval must be at least 1'):
        KNNMonitorHook(interval=0)
