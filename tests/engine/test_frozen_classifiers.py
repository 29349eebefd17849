"""``frozen=['classifiers']`` of StageSwitchHook: the layers that contrastive heads name, whatever the task."""

from pathlib import Path

import pytest
import torch
from torch import nn

from cft.engine.hooks import StageSwitchHook
from cft.errors import ConfigError
from tests.support.toy_run import Recorder, ToyHead, ToyModel, toy_runner

STAGES = [{'fraction': 0.4, 'frozen': ['classifiers']}, {}]


class ContrastiveHead(ToyHead):
    """Names its last layer as the classifier."""

    @property
    def classifiers(self) -> list[nn.Module]:
        return [self.fc]


class ContrastiveModel(ToyModel):
    """One contrastive head, or two; with a further trainable layer in the head."""

    def __init__(self, second: bool = False) -> None:
        super().__init__()
        self.head = ContrastiveHead()
        self.head.other = nn.Linear(4, 4)
        self.second = ContrastiveHead() if second else None

    def forward(self, inputs: torch.Tensor, mode: str = 'loss') -> dict[str, torch.Tensor]:
        features = self.head.other(self.backbone(inputs))
        heads = [self.head] if self.second is None else [self.head, self.second]
        return {f'loss_{number}': head.fc(features).square().mean() for number, head in enumerate(heads)}


def parameters_of(runner) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in runner.model.named_parameters()}


def moved(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    return {name.rpartition('.')[0] for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize('second', [False, True])
def test_classifiers_stay_bit_identical(second: bool, tmp_path: Path) -> None:
    """For four of ten steps, despite momentum and weight decay; all else moves, and afterwards they do, too."""
    model = ContrastiveModel(second)
    recorder = Recorder(parameters_of)
    start = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    toy_runner(tmp_path, [StageSwitchHook(STAGES), recorder], model).train()
    classifiers = {'head.fc', 'second.fc'} if second else {'head.fc'}
    assert moved(start, recorder.seen[0]) == {'backbone', 'head.other'}
    assert moved(start, recorder.seen[3]) == {'backbone', 'head.other'}
    assert moved(recorder.seen[3], recorder.seen[4]) == {'backbone', 'head.other'} | classifiers


def test_with_other_names(tmp_path: Path) -> None:
    """The word stands beside names of modules."""
    recorder = Recorder(parameters_of)
    model = ContrastiveModel()
    start = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    stages = [{'fraction': 0.4, 'frozen': ['backbone', 'classifiers']}, {}]
    toy_runner(tmp_path, [StageSwitchHook(stages), recorder], model).train()
    assert moved(start, recorder.seen[3]) == {'head.other'}


def test_gradients_still_reach_frozen_layers(tmp_path: Path) -> None:
    """They keep ``requires_grad``, which DDP reads only at the start."""
    recorder = Recorder(lambda runner: all(p.requires_grad for p in runner.model.parameters()))
    toy_runner(tmp_path, [StageSwitchHook(STAGES), recorder], ContrastiveModel()).train()
    assert recorder.seen == [True] * 10


def test_resume_in_the_frozen_stage(tmp_path: Path) -> None:
    toy_runner(tmp_path / 'whole', [StageSwitchHook(STAGES)], ContrastiveModel()).train()
    recorder = Recorder(parameters_of)
    settings = {'load_from': str(tmp_path / 'whole' / 'iter_2.pth'), 'resume': True}
    toy_runner(tmp_path / 'resumed', [StageSwitchHook(STAGES), recorder], ContrastiveModel(), **settings).train()
    assert moved(recorder.seen[0], recorder.seen[1]) == {'backbone', 'head.other'}
    assert 'head.fc' in moved(recorder.seen[1], recorder.seen[2])


def test_model_without_contrastive_head(tmp_path: Path) -> None:
    """Its head has weights, but names no classifiers; the error says what to write instead."""
    with pytest.raises(ConfigError, match="frozen='classifiers' needs a contrastive head of cft; name the modules"):
        toy_runner(tmp_path, [StageSwitchHook(STAGES)], ToyModel()).train()
