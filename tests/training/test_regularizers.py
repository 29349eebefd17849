"""Runs with regularisers: where they start from, what they leave, and how they are resumed."""

from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from cft.apis import dry_run, load_config, train
from cft.engine.model_access import unwrap_model
from cft.engine.source_file import NAME
from cft.errors import ConfigError
from cft.registry import MODELS
from tests.support.digits_runs import CONFIGS, run, short_config, weights
from tests.support.tasks import quickstart_config
from tests.training.test_resume import assert_same_weights

ALL = [
    dict(type='cft.L2SP', alpha=0.1, beta=0.01),
    dict(type='cft.DELTA', alpha=0.01, beta=0.0, images=20, masked_images=10),
    dict(type='cft.BSS', k=2, weight=0.1, gather=True),
]


@pytest.fixture(scope='module')
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a backbone that no seed of a run gives."""
    torch.manual_seed(99)
    cfg = load_config(CONFIGS / 'quickstart' / 'ce_digits.py')
    backbone = MODELS.switch_scope_and_registry('mmpretrain').__enter__().build(cfg.model.backbone)
    backbone.init_weights()
    path = tmp_path_factory.mktemp('pretrained') / 'backbone.pth'
    torch.save({'state_dict': backbone.state_dict()}, path)
    return path


def regularized(method: str, work_dir: Path, terms: list[dict], resume_from: Path | None = None, **changes) -> Runner:
    """A short run of a method with regularisers beside it."""
    return run(method, work_dir, resume_from, iterations=4, model__regularizers=terms, **changes)


@pytest.mark.slow
@pytest.mark.parametrize('method', ['coretuning', 'schane'])
def test_resumed_run(method: str, pretrained: Path, tmp_path: Path) -> None:
    """Bit for bit, beside contrast and an average, in the same and in another folder, when the first file is gone."""
    start = tmp_path / 'start.pth'
    start.write_bytes(pretrained.read_bytes())
    averaged = dict(custom_hooks=[dict(type='EMAHook', momentum=0.1)], checkpoint=str(start))
    whole = regularized(method, tmp_path / 'whole', ALL, **averaged)
    start.unlink()
    source = unwrap_model(whole.model).regularizers.terms[0].source
    for folder in ('whole', 'other'):
        runner = regularized(method, tmp_path / folder, ALL, tmp_path / 'whole' / 'iter_2.pth', **averaged)
        assert_same_weights(tmp_path / 'whole' / 'iter_4.pth', tmp_path / folder / 'iter_4.pth')
        again = unwrap_model(runner.model).regularizers.terms[0].source
        for kind in ('tensors', 'channel_weights'):
            one, other = getattr(source, kind), getattr(again, kind)
            assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
        for name in ('l2sp', 'delta', 'bss', 'con'):
            history = [r.message_hub.get_scalar(f'train/loss_{name}').data[0][-2:] for r in (whole, runner)]
            assert history[0].tolist() == history[1].tolist()
    file = torch.load(pretrained, weights_only=True)['state_dict']
    assert all(torch.equal(tensor, source.tensors[f'backbone.{name}']) for name, tensor in file.items())
    plain = run('ce', tmp_path / 'ce', iterations=1)
    backbone = {name for name in weights(tmp_path / 'whole' / 'iter_4.pth') if name.startswith('backbone.')}
    assert backbone == {f'backbone.{name}' for name in unwrap_model(plain.model).backbone.state_dict()}


@pytest.mark.slow
def test_what_cannot_be_resumed(pretrained: Path, tmp_path: Path) -> None:
    """Without the source weights, with those of another run, or from a run without regularisers."""
    terms, start = ALL[:1], dict(checkpoint=str(pretrained))
    regularized('ce', tmp_path / 'one', terms, **start)
    regularized('ce', tmp_path / 'two', terms)
    checkpoint = tmp_path / 'one' / 'iter_2.pth'
    (tmp_path / 'one' / NAME).replace(tmp_path / 'kept')
    with pytest.raises(ConfigError, match=f'{NAME} should hold the weights that it started from'):
        regularized('ce', tmp_path / 'one', terms, checkpoint, **start)
    (tmp_path / 'one' / NAME).write_bytes((tmp_path / 'two' / NAME).read_bytes())
    with pytest.raises(ConfigError, match=f'{NAME} should hold the weights that it started from'):
        regularized('ce', tmp_path / 'one', terms, checkpoint, **start)
    (tmp_path / 'kept').replace(tmp_path / 'one' / NAME)
    regularized('ce', tmp_path / 'one', terms, checkpoint, **start)
    run('ce', tmp_path / 'plain', iterations=2)
    with pytest.raises(ConfigError, match='written without these regularizers'):
        regularized('ce', tmp_path / 'plain', terms, tmp_path / 'plain' / 'iter_1.pth')
    assert not (tmp_path / 'plain' / NAME).exists()


def test_the_source_is_what_load_from_gives(pretrained: Path, tmp_path: Path) -> None:
    """Nothing has moved in the first step; a random start and weight decay are told."""
    run('ce', tmp_path / 'first', iterations=1)
    start = str(tmp_path / 'first' / 'iter_1.pth')
    terms = [dict(type='cft.L2SP', alpha=1.0, beta=0.0)]
    runner = regularized('ce', tmp_path / 'second', terms, load_from=start)
    history = runner.message_hub.get_scalar('train/loss_l2sp').data[0]
    assert history[0] == 0 and history[-1] > 0
    source = unwrap_model(runner.model).regularizers.terms[0].source.tensors
    assert torch.equal(source['backbone.conv1.weight'], weights(Path(start))['backbone.conv1.weight'])
    (log,) = (tmp_path / 'second').glob('*/*.log')
    assert 'weight decay of the optimiser' in log.read_text() and 'random weights' not in log.read_text()
    regularized('ce', tmp_path / 'third', terms, optim_wrapper__optimizer__weight_decay=0.0)
    (log,) = (tmp_path / 'third').glob('*/*.log')
    assert 'weight decay of the optimiser' not in log.read_text() and 'starts from random weights' in log.read_text()


def test_a_detector(tmp_path: Path) -> None:
    """The terms come through the hook; what the run leaves is a plain detector to mmdet."""
    from mmdet.apis import init_detector

    cfg = quickstart_config('l2sp', 'det', tmp_path / 'data', tmp_path / 'run')
    cfg.default_hooks.checkpoint = dict(type='cft.AtomicCheckpointHook', by_epoch=False, interval=3)
    cfg.default_hooks.regularizers.regularizers = [*cfg.default_hooks.regularizers.regularizers, ALL[2]]
    runner = train(cfg)
    assert {'train/loss_l2sp', 'train/loss_bss', 'train/loss_cls'} <= runner.message_hub.log_scalars.keys()
    (config,) = (tmp_path / 'run').glob('*.py')
    model = init_detector(str(config), str(tmp_path / 'run' / 'iter_3.pth'), device='cpu')
    state = weights(tmp_path / 'run' / 'iter_3.pth')
    assert model.state_dict().keys() == state.keys()
    both = quickstart_config('l2sp', 'dg', tmp_path / 'data', tmp_path / 'both')
    both.default_hooks.regularizers.regularizers = ALL[2:]
    with pytest.raises(ConfigError, match='both the model and cft.RegularizerHook'):
        train(both)


def test_a_failed_step_leaves_no_hooks_behind(tmp_path: Path) -> None:
    """Its error is the one that is seen, and the next step is as any other."""
    cfg = quickstart_config('bss', 'det', tmp_path / 'data', tmp_path / 'run')
    runner = train(cfg)
    model = unwrap_model(runner.model).train()
    batch = model.data_preprocessor(next(iter(runner.train_dataloader)), True)
    with pytest.raises(TypeError):
        model(batch['inputs'], None, mode='loss')
    assert not model.roi_head.bbox_head.fc_cls._forward_hooks
    assert 'loss_bss' in model(batch['inputs'], batch['data_samples'], mode='loss')


def test_accumulated_gradients_count_the_term_once() -> None:
    """Of two batches half each, so that a step pulls by alpha (w - w0)."""
    term = MODELS.build(dict(type='cft.L2SP', alpha=0.5, beta=0.0))
    model = torch.nn.Module()
    model.backbone = torch.nn.Linear(2, 2, bias=False)
    regularizers = MODELS.build(dict(type='cft.Regularizers'))
    regularizers.terms = [term]
    regularizers.begin(model, regularizers.source_of(model), None)
    before = model.backbone.weight.detach().clone()
    with torch.no_grad():
        model.backbone.weight.add_(1.0)
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1), accumulative_counts=2)
    wrapper.initialize_count_status(model, 0, 2)
    for _ in range(2):
        with wrapper.optim_context(model):
            loss = term.loss(model, None)
        wrapper.update_params(loss)
    torch.testing.assert_close(model.backbone.weight.detach(), before + 1 - 0.1 * 0.5)


def test_rehearsal(pretrained: Path, tmp_path: Path) -> None:
    """A dry run tells the terms and what a step costs, without masking thousands of filters or writing anything."""
    cfg = short_config('ce', tmp_path / 'run', model__regularizers=ALL, checkpoint=str(pretrained))
    plan = dry_run(cfg)
    assert plan.method.startswith('FineTuneClassifier, L2SP, DELTA, BSS')
    assert plan.step_seconds is not None and plan.memory is not None
    assert not (tmp_path / 'run').exists()
