"""Features are measured at validations, and the training does not notice."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner

from cft.apis import evaluate
from cft.engine.hooks import EmbeddingMeasuresHook
from cft.errors import ConfigError
from tests.support.digits_runs import run, weights

MEASURED = ['s_dbw/tong', 'knn/k20', 'calibration/ece']
HOOK = dict(type='cft.EmbeddingMeasuresHook', measures=MEASURED, interval=2)
# A moving average is what is validated, and its weights are put back afterwards.
AVERAGE = dict(type='EMAHook', momentum=0.5, update_buffers=True)


@pytest.fixture(scope='module')
def measured(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    folder = tmp_path_factory.mktemp('measured')
    best = {'default_hooks__checkpoint__save_best': 'alignment', 'default_hooks__checkpoint__rule': 'less'}
    hooks = [HOOK, AVERAGE, dict(type='cft.EmbeddingMeasuresHook', measures='alignment')]
    return run('ce', folder, iterations=4, train_cfg__val_interval=1, custom_hooks=hooks, **best)


def test_the_training_stays_as_it_is(measured: Runner, tmp_path: Path) -> None:
    """Bit for bit, with the buffers of BatchNorm and of the average; images are drawn as ever."""
    run('ce', tmp_path, iterations=4, train_cfg__val_interval=1, custom_hooks=[AVERAGE])
    expected, found = weights(tmp_path / 'iter_4.pth'), weights(Path(measured.work_dir, 'iter_4.pth'))
    assert expected.keys() == found.keys()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())


def test_every_second_validation_is_measured(measured: Runner) -> None:
    """By the weights that were validated: those of the average, which the checkpoint keeps as the model's."""
    [log] = Path(measured.work_dir).glob('*/vis_data/scalars.json')
    records = [json.loads(line) for line in log.read_text().splitlines()]
    validations = [record for record in records if 'accuracy/top1' in record]
    assert [set(MEASURED) <= set(record) for record in validations] == [False, True, False, True]
    assert not any(set(MEASURED) & set(validations[number]) for number in (0, 2))
    own = evaluate(measured.work_dir, Path(measured.work_dir, 'iter_4.pth'), None, MEASURED, 'val')
    assert own.metrics['accuracy/top1'] == pytest.approx(validations[3]['accuracy/top1'], rel=1e-5)
    assert {name: own.metrics[name] for name in MEASURED} == pytest.approx(
        {name: validations[3][name] for name in MEASURED}, rel=1e-6
    )


def test_the_best_checkpoint_may_be_chosen_by_a_measure(measured: Runner) -> None:
    [log] = Path(measured.work_dir).glob('*/vis_data/scalars.json')
    values = [json.loads(line).get('alignment') for line in log.read_text().splitlines()]
    values = [value for value in values if value is not None]
    assert len(values) == 4
    best = 1 + values.index(min(values))
    assert [path.name for path in Path(measured.work_dir).glob('best_*')] == [f'best_alignment_iter_{best}.pth']


@pytest.mark.parametrize(
    ('settings', 'told'),
    [
        ({'measures': ['s_dbv']}, "no measure is called 's_dbv'"),
        ({'measures': 'ood/auroc'}, 'ood/auroc needs images of unknown classes'),
        ({'measures': []}, 'name some'),
        ({'measures': 'knn', 'interval': 0}, 'interval must be at least 1'),
    ],
)
def test_mistakes(settings: dict, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        EmbeddingMeasuresHook(**settings)


def test_without_validation(tmp_path: Path) -> None:
    none = {'val_dataloader': None, 'val_cfg': None, 'val_evaluator': None}
    with pytest.raises(ConfigError, match='after validations, and the config has none'):
        run('ce', tmp_path, iterations=1, custom_hooks=[HOOK], **none)


def test_loaders_that_were_built_in_code(measured: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their settings are not known: the images that training reads could not be read as those of validation are."""
    monkeypatch.delitem(measured.cfg._cfg_dict, 'train_dataloader')
    with pytest.raises(ConfigError, match='give train_dataloader and val_dataloader as configs'):
        EmbeddingMeasuresHook(measures='knn/k20').before_train(measured)
    EmbeddingMeasuresHook(measures='alignment').before_train(measured)
