"""Generated pairs under stages, in every task: with the contrastive loss, then without it, as mixup alone."""

from pathlib import Path

import pytest
from torch import nn

from cft.apis import train
from cft.apis.configs.overrides import apply_overrides
from cft.engine.model_access import unwrap_model
from cft.models.pairs import HardPairMixup
from tests.support.tasks import TASKS, quickstart_config

# Where each task keeps the parts of a method, and how its log calls cross-entropy.
PLACES = {'cls': 'model.head', 'dg': 'model.head', 'seg': 'model', 'det': 'model.roi_head'}
CROSS_ENTROPY = {'cls': 'loss_ce', 'dg': 'loss_ce', 'seg': 'decode.loss_ce', 'det': 'loss_cls'}


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('data')


@pytest.mark.slow
@pytest.mark.parametrize('task', TASKS)
def test_contrast_then_mixup_alone(task: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stage 1: contrast alone, on pairs. Stage 2: the pairs in the cross-entropy alone. The projector is deeper."""
    cfg = quickstart_config('coretuning', task, data, tmp_path)
    place = PLACES[task]
    options = [f'{place}.smooth_classifier=True']
    options += [f'{place}.contrastive.projector.{name}' for name in ('num_layers=3', 'hidden_channels=24')]
    apply_overrides(cfg._cfg_dict, options)
    stages = [
        dict(fraction=0.34, loss_weights=dict(loss_ce=0.0, loss_con=1.0), frozen=['classifiers']),
        dict(loss_weights=dict(loss_ce=1.0, loss_con=0.0)),
    ]
    cfg.custom_hooks = [*cfg.get('custom_hooks', []), dict(type='cft.StageSwitchHook', stages=stages)]
    calls, forward = [], HardPairMixup.forward
    monkeypatch.setattr(HardPairMixup, 'forward', lambda *inputs: calls.append(inputs) or forward(*inputs))
    runner = train(cfg)
    scalars = runner.message_hub.log_scalars
    (contrast,) = [history.data[0] for name, history in scalars.items() if name.endswith('loss_con')]
    cross_entropy = scalars[f'train/{CROSS_ENTROPY[task]}'].data[0]
    assert [value > 0 for value in contrast] == [True, False, False]
    assert [value > 0 for value in cross_entropy] == [False, True, True]
    model = unwrap_model(runner.model)
    assert [layer.out_features for layer in model.modules() if isinstance(layer, nn.Linear)].count(24) == 2
    # Also where there is no contrast, a step generates pairs, for the classifier.
    batch = model.data_preprocessor(next(iter(runner.train_dataloader)), True)
    calls.clear()
    losses = model.loss(batch['inputs'], batch['data_samples'])
    (contrast,) = [loss for name, loss in losses.items() if name.endswith('loss_con')]
    assert contrast == 0 and len(calls) == 1
