"""NonFiniteHook: a skipped step leaves no trace, is told, counted and finally stops the run."""

import json
import re
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch import nn

from cft.engine.hooks import NonFiniteHook
from cft.errors import ConfigError
from cft.models.selfsup.feature_memory import FeatureMemory
from cft.models.selfsup.feature_queue import FeatureQueue
from tests.support.toy_run import Recorder, ToyModel, toy_runner

NAN = float('nan')


class FaultyModel(ToyModel):
    """Goes wrong in the batches that a test names, counted from 0, in the way that it names."""

    def __init__(self, faults: dict[int, str] | None = None) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.queue = FeatureQueue(8, 4)
        self.memory = FeatureMemory(1, 4)
        self.faults = faults or {}
        self.batch = 0

    def forward(self, inputs: torch.Tensor, mode: str = 'loss', data_samples: list | None = None) -> dict:
        fault = self.faults.get(self.batch)
        self.batch += 1
        features = self.backbone(inputs * NAN if fault == 'input' else inputs)
        # Two rows: BatchNorm needs more than one.
        rows = self.norm(torch.cat([features, 2 * features]))
        self.queue.enqueue(rows.detach())
        self.memory.append([rows.detach()], torch.tensor([0, 1]))
        losses = {'loss_ce': self.head.fc(rows).square().mean(), 'loss_con': features.square().mean()}
        if fault == 'detached':
            losses['loss_con'] = losses['loss_con'] + torch.empty(0).mean()
        if fault == 'gradient':
            # The root of zero: 0 forward, an infinite slope times 0 backward.
            losses['loss_con'] = losses['loss_con'] + (self.backbone.weight * 0).sqrt().sum()
        if fault == 'infinite':
            losses['loss_con'] = losses['loss_con'] * float('inf')
        return losses


def run(work_dir: Path, faults: dict[int, str], hook: NonFiniteHook | None = None, **settings: object) -> Runner:
    runner = toy_runner(
        work_dir, [hook or NonFiniteHook(), *settings.pop('hooks', [])], model=FaultyModel(faults), **settings
    )
    runner.train()
    return runner


def whole_state(runner: Runner) -> dict[str, torch.Tensor]:
    """Parameters, buffers, momenta and collected features: what a step moves."""
    model, optimizer = runner.model, runner.optim_wrapper.optimizer
    momenta = {f'momentum_{i}': s['momentum_buffer'] for i, s in enumerate(optimizer.state.values())}
    tensors = model.state_dict() | momenta | {'memory': model.memory.features}
    return {name: tensor.clone() for name, tensor in tensors.items()}


@pytest.mark.parametrize('fault', ['input', 'detached', 'gradient', 'infinite'])
@pytest.mark.parametrize('clip', [None, {'max_norm': 1.0}])
def test_skipped_step_leaves_no_trace(fault: str, clip: dict | None, tmp_path: Path) -> None:
    recorder = Recorder(whole_state)
    wrapper = {'wrapper': {'clip_grad': clip}} if clip else {}
    run(tmp_path, {4: fault}, hooks=[recorder], length=6, **wrapper)
    before, after, later = recorder.seen[3], recorder.seen[4], recorder.seen[5]
    assert before.keys() == after.keys() and {'norm.running_mean', 'queue.features', 'momentum_0'} <= before.keys()
    for name, value in before.items():
        assert torch.equal(value, after[name]), name
        assert after[name].isfinite().all(), name
    assert not torch.equal(after['backbone.weight'], later['backbone.weight'])


def test_without_the_hook_everything_is_lost(tmp_path: Path) -> None:
    """The oracle of the test above: the same fault does harm."""
    runner = toy_runner(tmp_path, [], model=FaultyModel({1: 'input'}), length=3)
    runner.train()
    state = whole_state(runner)
    names = ('backbone.weight', 'norm.running_mean', 'queue.features', 'memory')
    assert all(not state[name].isfinite().all() for name in names)


@pytest.mark.parametrize('accumulate', [1, 2])
def test_sound_runs_are_unchanged_to_the_last_bit(accumulate: int, tmp_path: Path) -> None:
    wrapper = {'accumulative_counts': accumulate, 'clip_grad': {'max_norm': 0.5}}
    states = []
    for name, hooks in (('with', [NonFiniteHook()]), ('without', [])):
        torch.manual_seed(0)
        runner = toy_runner(tmp_path / name, hooks, model=FaultyModel(), wrapper=dict(wrapper), length=6)
        runner.train()
        states.append(whole_state(runner))
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[1])


def test_accumulated_batches_are_skipped_together(tmp_path: Path) -> None:
    """Steps after batches 1, 3, 5; a fault in batch 2, the first of the second step."""
    recorder = Recorder(whole_state)
    runner = run(tmp_path, {2: 'input'}, hooks=[recorder], wrapper={'accumulative_counts': 2}, length=6)
    for name, value in recorder.seen[1].items():
        assert torch.equal(value, recorder.seen[3][name]), name
    assert not torch.equal(recorder.seen[3]['backbone.weight'], recorder.seen[5]['backbone.weight'])
    (record,) = records(runner)
    assert record['iteration'] == 3
    assert [isinstance(batch['losses']['loss_ce'], str) for batch in record['batches']] == [True, False]


def records(runner: Runner) -> list[dict]:
    return [json.loads(line) for line in (Path(runner.log_dir) / 'non_finite.jsonl').read_text().splitlines()]


def warnings_of(runner: Runner) -> str:
    return next(Path(runner.log_dir).glob('*.log')).read_text()


@pytest.mark.parametrize(
    ('fault', 'told'),
    [
        ('detached', r'loss_con is nan on rank 0 for a batch whose samples have no names'),
        ('infinite', r'loss_con is inf on rank 0'),
        ('input', r'loss_ce is nan, loss_con is nan on rank 0'),
        ('gradient', r'the loss is finite, but not the gradient of backbone\.weight \(nearest to the loss of 1 '),
    ],
)
def test_diagnosis(fault: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        run(tmp_path, {2: fault}, NonFiniteHook(max_consecutive=1))
    assert re.search(rf'The last: iteration 2, learning rate 0\.1: {told}', str(error.value))
    assert 'clip_grad' in str(error.value) and '\n' not in str(error.value)


def test_samples_are_named(tmp_path: Path) -> None:
    """Four in the message, all in the file."""

    def named(batch: list[dict]) -> dict:
        samples = [DataSample(metainfo={'img_path': f'{index}.jpg'}) for index in range(6)]
        return {'inputs': torch.stack([sample['inputs'] for sample in batch]), 'data_samples': samples}

    runner = toy_runner(tmp_path, [NonFiniteHook(max_consecutive=1)], model=FaultyModel({0: 'infinite'}))
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.train_dataloader.collate_fn = named
    with pytest.raises(ConfigError, match=r'for 0\.jpg, 1\.jpg, 2\.jpg, 3\.jpg, \.\.\. \(6 samples\)'):
        runner.train()
    assert records(runner)[0]['batches'][0]['samples'] == [f'{index}.jpg' for index in range(6)]


def test_weights_that_were_lost_before(tmp_path: Path) -> None:
    model = FaultyModel()
    nn.init.constant_(model.backbone.bias, NAN)
    runner = toy_runner(tmp_path, [NonFiniteHook(max_consecutive=1)], model=model)
    with pytest.raises(ConfigError, match=r'1 weights are not finite themselves, first backbone\.bias'):
        runner.train()


def test_limits(tmp_path: Path) -> None:
    """Two in a row stop at the second; faults apart only count in all."""
    apart = {1: 'input', 3: 'input', 5: 'input'}
    runner = run(tmp_path / 'apart', apart, NonFiniteHook(max_consecutive=2), length=8)
    assert runner.message_hub.get_info('non_finite_steps') == 3 and len(records(runner)) == 3
    for name, faults, last in (('row', {4: 'input', 5: 'input'}, 5), ('all', apart, 5)):
        hook = NonFiniteHook(max_consecutive=2, max_total=3 if name == 'all' else 100)
        with pytest.raises(ConfigError, match=f'training stopped.*iteration {last},'):
            run(tmp_path / name, faults, hook, length=8)


def test_count_survives_a_resume(tmp_path: Path) -> None:
    first = run(tmp_path / 'first', {1: 'input', 3: 'input'}, NonFiniteHook(max_total=3, max_consecutive=2), length=5)
    hook = NonFiniteHook(max_total=3, max_consecutive=2)
    resumed = toy_runner(
        tmp_path / 'second', [hook], model=FaultyModel({0: 'input'}), length=8,
        resume=True, load_from=str(Path(first.work_dir) / 'iter_5.pth'),
    )  # fmt: skip
    with pytest.raises(ConfigError, match='1 steps in a row and 3 in all'):
        resumed.train()


@pytest.mark.parametrize('limits', [{'max_consecutive': 0}, {'max_consecutive': 5, 'max_total': 4}])
def test_impossible_limits(limits: dict) -> None:
    with pytest.raises(ConfigError, match='max_consecutive <= max_total'):
        NonFiniteHook(**limits)


class Scaler:
    """A gradient scaler as far as OptimWrapper sees it: an overflow halves the scale, and nothing is stepped."""

    def __init__(self, scale: float, factor: float) -> None:
        self.scale, self.factor, self.skipped = scale, factor, 0

    def is_enabled(self) -> bool:
        return True

    def get_scale(self) -> float:
        return self.scale


@pytest.mark.parametrize(
    ('scale', 'factor', 'fault', 'counted'),
    [
        (1024.0, 0.5, 'gradient', 0),
        (1024.0, 0.5, 'infinite', 1),
        (1.0, 0.5, 'gradient', 1),
        (1024.0, 1.0, 'gradient', 1),
    ],
    ids=['search', 'the loss itself', 'nothing left to lower', 'fixed scale'],
)
def test_mixed_precision(scale: float, factor: float, fault: str, counted: int, tmp_path: Path) -> None:
    runner = toy_runner(tmp_path, [NonFiniteHook()], model=FaultyModel({1: fault}), length=3)
    runner.optim_wrapper = wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    wrapper.loss_scaler = scaler = Scaler(scale, factor)
    optimizer_step = wrapper.optimizer.step

    def step() -> None:
        if all(p.grad is None or p.grad.isfinite().all() for p in runner.model.parameters()):
            optimizer_step()
        else:
            scaler.scale *= factor
            scaler.skipped += 1

    wrapper.optimizer.step = step
    runner.train()
    assert scaler.skipped == 1
    assert runner.message_hub.get_info('non_finite_steps', 0) == counted
    assert all(parameter.isfinite().all() for parameter in runner.model.parameters())
