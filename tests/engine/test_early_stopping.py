"""MMEngine's early stopping stops a resumed run where it stops an uninterrupted one."""

from pathlib import Path

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.runner import Runner

from tests.support.toy_run import Batches, ToyModel, toy_runner

# After iteration 1, 2, ...: the best at 2, and three that are no better after it.
SCORES = [0.1, 0.5, 0.4, 0.5, 0.3, 0.9, 0.9, 0.9]
LOADER = {
    'batch_size': 5,
    'collate_fn': {'type': 'default_collate'},
    'dataset': Batches(),
    'sampler': {'type': 'DefaultSampler', 'shuffle': False},
}


class Predicting(ToyModel):
    def forward(self, inputs: torch.Tensor, mode: str = 'loss') -> object:
        return [0] if mode == 'predict' else super().forward(inputs)


class Validated(Hook):
    """Tells the metric how many iterations are done."""

    def before_val(self, runner: Runner) -> None:
        Scripted.done = runner.iter


class Scripted(BaseMetric):
    """The score of the iteration."""

    done = 0

    def process(self, data_batch: object, data_samples: object) -> None:
        self.results.append(0)

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {'accuracy': SCORES[self.done - 1]}


def run(work_dir: Path, length: int = 8, **settings: object) -> Runner:
    stop = dict(type='EarlyStoppingHook', monitor='accuracy', rule='greater', min_delta=0.01, patience=3)
    evaluation = dict(val_dataloader=LOADER, val_cfg={}, val_evaluator=[Scripted()])
    runner = toy_runner(work_dir, [stop, Validated()], Predicting(), length=length, **evaluation, **settings)
    runner._train_loop = dict(type='cft.ResumableIterLoop', max_iters=length, val_interval=1)
    runner.train()
    return runner


@pytest.mark.parametrize('save_best', [None, 'accuracy'])
def test_it_stops_where_it_would_have(save_best: str | None, tmp_path: Path) -> None:
    """From every checkpoint: before a validation, and written again after one that found the best score."""
    settings = {'checkpoint': {'save_best': save_best}}
    assert run(tmp_path / 'whole', **settings).iter == 5
    for iteration in range(1, 6):
        path = tmp_path / 'whole' / f'iter_{iteration}.pth'
        resumed = run(tmp_path / f'resumed_{iteration}', resume=True, load_from=str(path), **settings)
        assert resumed.iter == 5, iteration


def test_a_run_that_had_stopped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(tmp_path / 'whole', length=3)
    path = tmp_path / 'whole' / 'iter_3.pth'
    content = torch.load(path, weights_only=False)
    (counted,) = content['message_hub']['runtime_info']['early_stopping']
    assert counted == {'monitor': 'accuracy', 'best_score': 0.5, 'wait_count': 0}
    counted['wait_count'] = 3
    torch.save(content, path)
    assert run(tmp_path / 'resumed', resume=True, load_from=str(path)).iter == 3


def test_a_changed_record_is_left_out(tmp_path: Path) -> None:
    """Counts of another metric are no counts of this one."""
    run(tmp_path / 'whole', length=2)
    path = tmp_path / 'whole' / 'iter_2.pth'
    content = torch.load(path, weights_only=False)
    content['message_hub']['runtime_info']['early_stopping'][0].update(monitor='loss', wait_count=3)
    torch.save(content, path)
    assert run(tmp_path / 'resumed', resume=True, load_from=str(path)).iter == 5
