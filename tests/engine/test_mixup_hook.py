"""MixupHook switches every mixing of the model at fractions of the run."""

from pathlib import Path

import pytest
from mmpretrain.models import ClsDataPreprocessor

from cft.engine.hooks import MixupHook
from cft.errors import ConfigError
from cft.models.pairs import HardPairMixup
from tests.support.toy_run import Recorder, ToyModel, toy_runner

STAGES = [{'fraction': 0.3, 'enabled': False}, {'fraction': 0.3, 'alpha': 0.4}, {}]


def test_pair_generator(tmp_path: Path) -> None:
    recorder = Recorder(lambda runner: (runner.model.pairs.enabled, runner.model.pairs.alpha))
    toy_runner(tmp_path, [MixupHook(STAGES), recorder], ToyModel(HardPairMixup(alpha=1.0))).train()
    assert recorder.seen == [(False, 1.0)] * 3 + [(True, 0.4)] * 3 + [(True, 1.0)] * 4


def test_resume_in_mid_stage(tmp_path: Path) -> None:
    toy_runner(tmp_path / 'whole', [MixupHook(STAGES)], ToyModel(HardPairMixup())).train()
    recorder = Recorder(lambda runner: (runner.model.pairs.enabled, runner.model.pairs.alpha))
    settings = {'load_from': str(tmp_path / 'whole' / 'iter_5.pth'), 'resume': True}
    toy_runner(tmp_path / 'resumed', [MixupHook(STAGES), recorder], ToyModel(HardPairMixup()), **settings).train()
    assert recorder.seen == [(True, 0.4)] + [(True, 1.0)] * 4


@pytest.mark.parametrize('probs', [None, [0.5]])
def test_batch_augmentation(probs: list | None, tmp_path: Path) -> None:
    """mmpretrain's Mixup in the data preprocessor is switched as well, and comes back as it was."""
    model = ToyModel()
    model.mixing = ClsDataPreprocessor(num_classes=2, to_onehot=True, batch_augments={'augments': [
        {'type': 'mmpretrain.Mixup', 'alpha': 0.8}], 'probs': probs})  # fmt: skip
    augments = model.mixing.batch_augments
    recorder = Recorder(lambda runner: (runner.model.mixing.batch_augments is augments, augments.augments[0].alpha))
    toy_runner(tmp_path, [MixupHook(STAGES), recorder], model).train()
    assert recorder.seen == [(False, 0.8)] * 3 + [(True, 0.4)] * 3 + [(True, 0.8)] * 4


@pytest.mark.parametrize(
    ('stages', 'message'),
    [([{'alpa': 1.0}], 'unknown stage keys'), ([{'alpha': 0.0}], 'enabled=False'), ([{}], 'nothing')],
)
def test_errors(stages: list[dict], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        toy_runner(tmp_path, [MixupHook(stages)]).train()
