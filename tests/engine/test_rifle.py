"""The classifier begins anew at the right steps, and nothing else does."""

import copy
import math
from pathlib import Path

import pytest
import torch
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner
from torch import nn

from cft.checkpoints import read_state_dict
from cft.engine.hooks import RIFLEHook
from cft.engine.hooks.rifle import reinitialize
from cft.errors import ConfigError
from tests.support.toy_run import Recorder, ToyHead, ToyModel, toy_runner

# Of ten iterations in four cycles: a quarter of ten is no whole number.
STARTS = (0, 2, 5, 8)
STILL = {'optimizer': {'type': 'SGD', 'lr': 0.0}}


class Classifiers(ToyHead):
    @property
    def classifiers(self) -> list[nn.Module]:
        return [self.fc]


class Model(ToyModel):
    def __init__(self) -> None:
        super().__init__()
        self.head = Classifiers()


class BeforeStep(Hook):
    """Looks when all other hooks have prepared the step."""

    priority = 'LOWEST'

    def __init__(self, look) -> None:
        self.look, self.seen = look, []

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        self.seen.append(self.look(runner))


def weights_of(runner: Runner) -> tuple[torch.Tensor, torch.Tensor]:
    return runner.model.head.fc.weight.clone(), runner.model.backbone.weight.clone()


@pytest.mark.parametrize('by_epoch', [False, True])
def test_steps(by_epoch: bool, tmp_path: Path) -> None:
    """With a learning rate that moves nothing, the classifier changes at the starts of cycles, the backbone never."""
    look = BeforeStep(weights_of)
    toy_runner(tmp_path, [RIFLEHook(), look], Model(), by_epoch, wrapper=STILL).train()
    classifiers, backbones = zip(*look.seen, strict=True)
    changed = [i for i in range(1, 10) if not torch.equal(classifiers[i], classifiers[i - 1])]
    assert changed == list(STARTS[1:])
    assert len({str(classifiers[start]) for start in STARTS}) == 4
    assert all(torch.equal(backbone, backbones[0]) for backbone in backbones)


def test_weights_are_those_of_a_new_layer() -> None:
    """PyTorch's own initialisation after the same seed; no other random number depends on it."""
    layer = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.Linear(4, 2))
    layer(torch.randn(2, 3, 4, 4))
    before = torch.get_rng_state()
    reinitialize(layer, seed=7)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(7)
    fresh = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU(), nn.Linear(4, 2))
    for name, value in fresh.state_dict().items():
        assert torch.equal(layer.state_dict()[name], value), name


@pytest.mark.parametrize('scheduled', [True, False])
def test_learning_rates(scheduled: bool, tmp_path: Path) -> None:
    """Closed form: one cosine over the run for the network, one for each cycle for the classifier."""
    cosine = {'type': 'CosineAnnealingLR', 'by_epoch': False, 'begin': 0, 'end': 10} if scheduled else None
    look = BeforeStep(lambda runner: [group['lr'] for group in runner.optim_wrapper.param_groups])
    toy_runner(tmp_path, [RIFLEHook(), look], Model(), scheduler=cosine).train()
    network = [0.05 * (1 + math.cos(math.pi * step / 10)) if scheduled else 0.1 for step in range(10)]
    lengths = [end - start for start, end in zip(STARTS, (*STARTS[1:], 10), strict=True)]
    classifier = [0.05 * (1 + math.cos(math.pi * step / length)) for length in lengths for step in range(length)]
    torch.testing.assert_close(torch.tensor(look.seen), torch.tensor([network, classifier]).T)


def test_without_cycles_of_its_own(tmp_path: Path) -> None:
    """The classifier stays in the group of the network."""
    look = BeforeStep(lambda runner: len(runner.optim_wrapper.param_groups))
    toy_runner(tmp_path, [RIFLEHook(cyclic_lr=False), look], Model()).train()
    assert look.seen == [1] * 10


@pytest.mark.parametrize('optimizer', ['SGD', 'AdamW'])
def test_momentum_is_dropped(optimizer: str, tmp_path: Path) -> None:
    """That of the old weights, at every start; the backbone keeps its own."""

    def state(runner: Runner) -> tuple[bool, bool]:
        model, found = runner.model, runner.optim_wrapper.optimizer.state
        return model.head.fc.weight in found, model.backbone.weight in found

    settings = {'type': optimizer, 'lr': 0.01, **({'momentum': 0.9} if optimizer == 'SGD' else {})}
    look = BeforeStep(state)
    toy_runner(tmp_path, [RIFLEHook(), look], Model(), wrapper={'optimizer': settings}).train()
    assert look.seen == [(step not in STARTS, step > 0) for step in range(10)]


def test_gradients_accumulated_for_the_old_weights_are_dropped(tmp_path: Path) -> None:
    """Of pairs of batches, iteration 5 is the second: only the backbone has the first one's gradient."""
    look = BeforeStep(lambda r: (r.model.head.fc.weight.grad is None, r.model.backbone.weight.grad is None))
    toy_runner(tmp_path, [RIFLEHook(), look], Model(), wrapper={'accumulative_counts': 2}).train()
    assert look.seen[3] == (False, False) and look.seen[5] == (True, False)


def test_a_moving_average_begins_anew(tmp_path: Path) -> None:
    """Where nothing else moves the classifier, its average equals it in every cycle."""
    average = EMAHook(momentum=0.3)
    seen = Recorder(lambda r: (r.model.head.fc.weight.clone(), average.ema_model.module.head.fc.weight.clone()))
    toy_runner(tmp_path, [RIFLEHook(), average, seen], Model(), wrapper=STILL).train()
    for own, averaged in seen.seen:
        torch.testing.assert_close(own, averaged, rtol=1e-6, atol=0)


@pytest.mark.parametrize('cyclic_lr', [True, False])
@pytest.mark.parametrize('checkpoint', ['iter_1', 'iter_2', 'iter_3', 'iter_5', 'iter_8', 'iter_9', 'epoch_1'])
def test_resume(checkpoint: str, cyclic_lr: bool, tmp_path: Path) -> None:
    """Bit for bit the uninterrupted run, its average too, from before, at and after a re-initialisation."""
    by_epoch = checkpoint.startswith('epoch')
    cosine = {'type': 'CosineAnnealingLR', 'by_epoch': by_epoch, 'begin': 0, 'end': 2 if by_epoch else 10}

    def run(folder: Path, **settings: object) -> dict[str, torch.Tensor]:
        hooks = [RIFLEHook(cyclic_lr=cyclic_lr), EMAHook(momentum=0.3), Seed()]
        toy_runner(folder, hooks, Model(), by_epoch, scheduler=copy.deepcopy(cosine), **settings).train()
        return read_state_dict(folder / ('epoch_2.pth' if by_epoch else 'iter_10.pth'))

    whole = run(tmp_path / 'whole')
    file = tmp_path / 'whole' / f'{checkpoint}.pth'
    resumed = run(tmp_path / 'resumed', load_from=str(file), resume=True)
    assert whole.keys() == resumed.keys() and all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert not torch.equal(whole['head.fc.weight'], read_state_dict(file)['head.fc.weight'])


class Seed(Hook):
    """The batches of MMEngine's own loops differ after a resume: let every one be the same."""

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        data_batch['inputs'].fill_(runner.iter + 1)


def test_seed(tmp_path: Path) -> None:
    def last(folder: str, seed: int) -> torch.Tensor:
        runner = toy_runner(tmp_path / folder, [RIFLEHook()], Model(), wrapper=STILL)
        runner._seed = seed
        return runner.train().head.fc.weight.detach().clone()

    assert torch.equal(last('a', 0), last('b', 0)) and not torch.equal(last('c', 0), last('d', 1))


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='at least 2, got 1'):
        RIFLEHook(cycles=1)
    with pytest.raises(ConfigError, match='no classifier to re-initialise; use a contrastive head'):
        toy_runner(tmp_path / 'a', [RIFLEHook()], ToyModel()).train()
    model = Model()
    model.head.fc = Own()
    with pytest.raises(ConfigError, match=r'Own of a classifier has no reset_parameters\(\)'):
        toy_runner(tmp_path / 'b', [RIFLEHook()], model).train()


class Own(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, 4))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows @ self.weight.T


def test_a_run_that_is_too_short_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr('cft.engine.hooks.rifle.print_log', lambda line, *_: told.append(line))
    toy_runner(tmp_path, [RIFLEHook(cycles=20)], Model()).train()
    assert len(told) == 1 and '10 iterations are too few for 20 cycles' in told[0]
