"""ClusterHook: when it clusters, with what, and what it refuses before training."""

import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest
import torch
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmpretrain.datasets import KFoldDataset
from torch.utils.data import DataLoader

from cft.apis import build_runner, train
from cft.datasets import Digits, StratifiedSubset
from cft.datasets.transforms import MultiView
from cft.engine.hooks import ClusterHook
from cft.engine.training_data import numbered_samples, training_batches
from cft.errors import ConfigError
from cft.registry import TRANSFORMS
from tests.support.deep_cluster_runs import deep_cluster_config

PACKED = [{'type': 'PackInputs'}]


class Diary(Hook):
    """Prototypes and size of the memory at every call of the training loop."""

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, float]] = []

    def _write(self, runner: Runner, name: str) -> None:
        model = runner.model
        self.calls.append((name, len(model.memory), float(model.prototypes_0.sum())))

    def before_train(self, runner: Runner) -> None:
        self._write(runner, 'start')

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: object = None, outputs: dict | None = None
    ) -> None:
        self._write(runner, 'step')

    def after_train_epoch(self, runner: Runner) -> None:
        self._write(runner, 'end')


def run(cfg: Config) -> tuple[Runner, Diary]:
    runner, diary = build_runner(cfg), Diary()
    runner.register_hook(diary)
    runner.train()
    return runner, diary


def test_clusters_before_the_first_and_after_every_epoch_but_the_last(tmp_path: Path) -> None:
    """The epoch's checkpoint has the new clusters of all images and no features; nobody asks for the last ones."""
    runner, diary = run(deep_cluster_config(tmp_path))
    sizes = [(name, size) for name, size, _ in diary.calls]
    epoch = [('step', 12), ('step', 24), ('step', 36), ('step', 48), ('step', 50), ('end', 0)]
    assert sizes == [('start', 0), *epoch, *epoch]
    sums = [total for *_, total in diary.calls]
    assert len(set(sums)) == 2 and len(set(sums[:6])) == len(set(sums[6:])) == 1
    for name in ('epoch_1', 'epoch_2'):
        checkpoint = torch.load(tmp_path / f'{name}.pth', weights_only=False)
        assert float(checkpoint['state_dict']['prototypes_0'].sum()) == sums[6]
        assert 'collected_features' not in checkpoint
    # A subset keeps the numbers of the whole data set.
    labels = checkpoint['state_dict']['assignments']
    assert labels.shape == (2, 1000)
    used = runner.train_dataloader.dataset.indices
    assert (labels >= 0).nonzero()[:, 1].tolist() == [*used, *used]


def test_drop_last(tmp_path: Path) -> None:
    """Images of the dropped batch have no cluster in the next epoch; every image is in some epoch's clusters."""
    cfg = deep_cluster_config(tmp_path, epochs=1)
    cfg.train_dataloader.drop_last = True
    runner, _ = run(cfg)
    assert [(int((row >= 0).sum())) for row in runner.model.assignments] == [48, 48]


@pytest.mark.slow
def test_only_a_fresh_run_collects_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after a resume; again when only the weights are loaded, here those of a model of fewer images."""
    run(deep_cluster_config(tmp_path / 'whole'))
    passes: list[Path] = []
    monkeypatch.setattr(ClusterHook, '_collect', lambda self, runner, model: passes.append(runner.work_dir))
    cfg = deep_cluster_config(tmp_path / 'resumed')
    cfg.resume, cfg.load_from = True, str(tmp_path / 'whole' / 'epoch_1.pth')
    train(cfg)
    assert passes == []
    monkeypatch.undo()
    cfg = deep_cluster_config(tmp_path / 'afresh', epochs=1, subset=None, batch_size=500)
    cfg.load_from = str(tmp_path / 'whole' / 'epoch_1.pth')
    assert (run(cfg)[0].model.assignments >= 0).all()


def test_a_run_beyond_its_last_epoch_collects_again(tmp_path: Path) -> None:
    """The clusters of the last epoch were not made: they are made of the weights that it left."""
    _, diary = run(deep_cluster_config(tmp_path / 'whole', epochs=1))
    cfg = deep_cluster_config(tmp_path / 'longer')
    cfg.resume, cfg.load_from = True, str(tmp_path / 'whole' / 'epoch_1.pth')
    runner, longer = run(cfg)
    assert [name for name, *_ in longer.calls] == ['start', *['step'] * 5, 'end']
    assert longer.calls[0][1] == 0 and longer.calls[0][2] != diary.calls[-1][2]
    assert int((runner.model.assignments >= 0).sum()) == 2 * 50


def test_the_first_pass_takes_only_the_clustered_views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of four views two are normalised and encoded; training takes all."""
    cfg = deep_cluster_config(tmp_path, epochs=1)
    cfg.train_dataloader.dataset.dataset.pipeline[0].num_views = [4]
    runner, seen = build_runner(cfg), []
    original = runner.model.data_preprocessor.forward

    def forward(data: dict, training: bool) -> dict:
        seen.append((torch.is_grad_enabled(), len(data['inputs'])))
        return original(data, training)

    monkeypatch.setattr(runner.model.data_preprocessor, 'forward', forward)
    runner.train()
    assert {views for _, views in seen[:5]} == {2} and {views for _, views in seen[5:]} == {4}


@TRANSFORMS.register_module()
class _Noted(BaseTransform):
    """Counts the views that pass, by name."""

    made: ClassVar[Counter[str]] = Counter()

    def __init__(self, name: str) -> None:
        self.name = name

    def transform(self, results: dict) -> dict:
        self.made[self.name] += 1
        return results


def with_three_local_views(cfg: Config, view: str = 'cft.MultiView') -> Config:
    """Beside the two that are clustered."""
    wrapper = cfg.train_dataloader.dataset.dataset.pipeline[0]
    kinds = [[*wrapper.transforms[0], dict(type='cft._Noted', name=name)] for name in ('clustered', 'local')]
    wrapper.update(type=view, num_views=[2, 3], transforms=kinds)
    return cfg


@pytest.mark.parametrize(('view', 'passes'), [('cft.MultiView', 1), ('mmpretrain.MultiView', 2)])
def test_the_first_pass_makes_only_the_clustered_views(view: str, passes: int, tmp_path: Path) -> None:
    """Of 50 images, of which some are looked at beforehand; mmpretrain's transform cannot leave views out."""
    _Noted.made.clear()
    run(with_three_local_views(deep_cluster_config(tmp_path, epochs=1), view))
    beforehand = _Noted.made['clustered'] // 2 - 2 * 50
    assert 0 < beforehand < 20 and _Noted.made['local'] == 3 * (beforehand + passes * 50)


@pytest.mark.parametrize('workers', [0, pytest.param(1, marks=pytest.mark.slow)])
def test_views_left_out_change_nothing_else(workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit for bit: the first clusters and the weights in the end, with as many views in training."""
    states = []
    for folder in ('fewer', 'all'):
        cfg = with_three_local_views(deep_cluster_config(tmp_path / folder))
        cfg.train_dataloader.update(num_workers=workers, persistent_workers=workers > 0)
        runner, diary = run(cfg)
        assert len(next(iter(runner.train_dataloader))['inputs']) == 5
        states.append((diary.calls, runner.model.state_dict()))
        monkeypatch.delattr(MultiView, 'first_views', raising=False)
    assert states[0][0] == states[1][0]
    assert all(torch.equal(value, states[1][1][name]) for name, value in states[0][1].items())


@pytest.mark.parametrize('device', ['cuda', 'cpu'])
def test_the_first_pass_is_in_bfloat16_on_cuda(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for the model, as there may be no such device; on CPUs in full precision."""
    contexts: list[tuple] = []

    def record(*args: object, enabled: bool) -> nullcontext:
        contexts.append((*args, enabled))
        return nullcontext()

    monkeypatch.setattr(torch, 'autocast', record)
    model = SimpleNamespace(
        train=lambda: None, assignments=SimpleNamespace(device=torch.device(device)), crops_for_assign=1,
        checked_views=lambda views: views, data_preprocessor=lambda data, training: data,
        encode=lambda views: views, collect=lambda samples, embeddings: contexts.append(embeddings),
    )  # fmt: skip
    batch = {'inputs': ['first', 'second'], 'data_samples': []}
    loader = DataLoader([batch], batch_size=None, collate_fn=lambda given: given)
    ClusterHook()._collect(SimpleNamespace(train_dataloader=loader, logger=SimpleNamespace(info=print)), model)
    assert contexts == [(device, torch.bfloat16, device == 'cuda'), ['first']]


@pytest.mark.slow
def test_random_start_follows_from_seed_and_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also without cft.IterationSeedHook; every epoch has one of its own."""
    numbers: dict[str, list[int]] = {}
    for name, seed in (('a', 0), ('b', 0), ('c', 1)):
        cfg = deep_cluster_config(tmp_path / name)
        cfg.randomness.seed = seed
        cfg.default_hooks.pop('iteration_seed')
        runner = build_runner(cfg)
        original = runner.model.update_prototypes

        def update(num_samples: int, generator: torch.Generator, iterations: int, name=name, original=original) -> None:
            numbers.setdefault(name, []).append(generator.initial_seed())
            assert iterations == 10
            original(num_samples, generator, iterations)

        monkeypatch.setattr(runner.model, 'update_prototypes', update)
        runner.train()
    assert numbers['a'] == numbers['b'] and len(set(numbers['a'] + numbers['c'])) == 4


@pytest.mark.parametrize('terminal', [False, True])
def test_progress_of_the_first_pass(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All batches in order; about ten lines in a log, none on a terminal, which has a bar."""
    lines: list[str] = []
    monkeypatch.setattr(sys.stdout, 'isatty', lambda: terminal, raising=False)
    runner = SimpleNamespace(train_dataloader=list(range(25)), logger=SimpleNamespace(info=lines.append))
    assert list(training_batches(runner, 'Features')) == list(range(25))
    assert len(lines) == (0 if terminal else 12)
    assert terminal or lines[-1] == 'Features: 24 of 25 batches'


def fail(cfg: Config, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        train(cfg)


def test_model_without_prototypes(tmp_path: Path) -> None:
    cfg = deep_cluster_config(tmp_path)
    cfg.model = dict(cfg.model, type='cft.MoCoV2')
    cfg.model.pop('num_prototypes')
    fail(cfg, 'ClusterHook needs a model with update_prototypes, such as cft.DeepClusterV2, and MoCoV2 has none')


def test_more_prototypes_than_images(tmp_path: Path) -> None:
    fail(deep_cluster_config(tmp_path, num_prototypes=(8, 51)), 'asks for 51 clusters of 50 training images')
    cfg = deep_cluster_config(tmp_path, num_prototypes=(8, 49))
    cfg.train_dataloader.drop_last = True
    fail(cfg, 'asks for 49 clusters of 48 training images in an epoch')


def test_moving_average(tmp_path: Path) -> None:
    cfg = deep_cluster_config(tmp_path)
    cfg.custom_hooks.append(dict(type='EMAHook'))
    fail(cfg, 'EMAHook cannot average a model whose assignments take the size of the data set')


def test_iteration_based_loop(tmp_path: Path) -> None:
    cfg = deep_cluster_config(tmp_path)
    cfg.train_cfg = dict(by_epoch=False, max_iters=4)
    fail(cfg, "IterBasedTrainLoop has none; write train_cfg = dict\\(type='cft.ResumableEpochLoop'")


def test_pipeline_without_sample_idx(tmp_path: Path) -> None:
    cfg = deep_cluster_config(tmp_path)
    cfg.train_dataloader.dataset.dataset.pipeline[-1].meta_keys = ('img_shape',)
    fail(cfg, "without the sample_idx .* dict\\(type='PackInputs', meta_keys")


def test_single_view(tmp_path: Path) -> None:
    cfg = deep_cluster_config(tmp_path)
    cfg.train_dataloader.dataset.dataset.pipeline = PACKED
    fail(cfg, 'at least 2 views .* got 1; put MultiView')


def test_no_iterations() -> None:
    with pytest.raises(ConfigError, match='at least 1, got 0'):
        ClusterHook(iterations=0)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'num_prototypes': (9, 6)}, r'another shape, first prototypes_0 with .*8, 32.* instead of .*9, 32'),
        ({'subset': {'type': 'RepeatDataset', 'times': 1}}, 'clusters of 50 samples, but the training data has 1000'),
    ],
)
def test_checkpoint_of_another_run(changes: dict, message: str, tmp_path: Path) -> None:
    fifty = {'type': 'RepeatDataset', 'times': 1}
    cfg = deep_cluster_config(tmp_path / 'whole', epochs=1, subset=fifty)
    cfg.train_dataloader.dataset.dataset.indices = 50
    train(cfg)
    cfg = deep_cluster_config(tmp_path / 'resumed', **{'subset': fifty, **changes})
    if 'subset' in changes:
        cfg.train_dataloader.batch_size = 200
    else:
        cfg.train_dataloader.dataset.dataset.indices = 50
    cfg.resume, cfg.load_from = True, str(tmp_path / 'whole' / 'epoch_1.pth')
    fail(cfg, message)


def test_numbers_of_samples() -> None:
    """Data sets and subsets of them are numbered; a subset keeps the numbers of the whole."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        digits = {'type': 'cft.Digits', 'pipeline': PACKED}
        subset = {'type': 'cft.StratifiedSubset', 'per_class': 20, 'dataset': digits}
        assert numbered_samples(Digits(pipeline=PACKED)) == 1000
        assert numbered_samples(Digits(pipeline=PACKED, indices=7)) == 7
        assert numbered_samples(StratifiedSubset(digits, per_class=3)) == 1000
        assert numbered_samples(StratifiedSubset(subset, per_class=3)) == 1000
        assert numbered_samples(KFoldDataset(digits, fold=1, num_splits=4)) == 750
        for joined in (
            ConcatDataset([Digits(pipeline=PACKED, indices=9), Digits(split='val', pipeline=PACKED)]),
            RepeatDataset(Digits(pipeline=PACKED), times=2),
        ):
            with pytest.raises(ConfigError, match='images that share a number'):
                numbered_samples(joined)
