"""DeepCluster-v2 on digits: exact resumption from anywhere, and features that get better."""

from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner

from cft.apis import build_runner, train
from cft.apis.evaluation.features import extract_features
from cft.evaluation import knn_accuracy
from tests.support.deep_cluster_runs import deep_cluster_config

EVERY_ITERATION = {'by_epoch': False, 'interval': 1}


def load(path: Path) -> dict:
    return torch.load(path, weights_only=False)


def assert_same(first: object, second: object, where: str = '') -> None:
    """Nested dicts, lists and tensors that are equal to the last bit."""
    if isinstance(first, dict):
        assert first.keys() == second.keys(), where
        for key, value in first.items():
            assert_same(value, second[key], f'{where}.{key}')
    elif isinstance(first, list | tuple):
        assert len(first) == len(second), where
        for index, values in enumerate(zip(first, second, strict=True)):
            assert_same(*values, f'{where}[{index}]')
    elif isinstance(first, torch.Tensor):
        assert torch.equal(first, second), where
    else:
        assert first == second, where


@pytest.fixture(scope='module')
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two epochs of 5 batches, the last of 2 images; a checkpoint after every one."""
    torch.manual_seed(0)
    work_dir = tmp_path_factory.mktemp('whole')
    train(deep_cluster_config(work_dir, checkpoint=EVERY_ITERATION))
    return work_dir


@pytest.mark.parametrize('iteration', [1, 4, 5, 6, 9, 10])
def test_resumed_run_is_the_uninterrupted_one(iteration: int, whole: Path, tmp_path: Path) -> None:
    """Weights, prototypes, assignments, collected features, optimiser, schedule, in every later checkpoint."""
    torch.manual_seed(1)
    cfg = deep_cluster_config(tmp_path, checkpoint=EVERY_ITERATION)
    cfg.resume, cfg.load_from = True, str(whole / f'iter_{iteration}.pth')
    runner = train(cfg)
    assert (runner.epoch, runner.iter) == (2, 10)
    for later in range(iteration + 1, 11):
        expected, found = load(whole / f'iter_{later}.pth'), load(tmp_path / f'iter_{later}.pth')
        for part in ('state_dict', 'collected_features', 'optimizer', 'param_schedulers'):
            assert_same(expected[part], found[part], f'{later}: {part}')
    assert not list(tmp_path.glob(f'iter_{iteration}.pth'))
    assert len(runner.model.memory) == 0


@pytest.mark.slow
def test_last_clustering_does_not_depend_on_interruption(whole: Path, tmp_path: Path) -> None:
    """Clusters at the end of all runs; the checkpoint of the first epoch's last batch comes before them."""
    ends = []
    for name, iteration in (('a', 2), ('b', 5), ('c', 10)):
        cfg = deep_cluster_config(tmp_path / name, checkpoint=EVERY_ITERATION)
        cfg.resume, cfg.load_from = True, str(whole / f'iter_{iteration}.pth')
        ends.append(train(cfg).model.state_dict())
    for end in ends[1:]:
        assert_same(dict(ends[0]), dict(end))
    assert not torch.equal(load(whole / 'iter_5.pth')['state_dict']['prototypes_0'], ends[0]['prototypes_0'])


def test_features_of_the_unfinished_epoch_in_the_checkpoint(whole: Path) -> None:
    """As many rows as images so far, in plain tensors: the file stays readable without unpickling code."""
    for iteration, rows in ((1, 12), (4, 48), (5, 50), (6, 12)):
        saved = load(whole / f'iter_{iteration}.pth')['collected_features']
        assert saved['indices'].shape == (rows,) and saved['indices'].dtype == torch.long
        assert [tuple(crop.shape) for crop in saved['features']] == [(rows, 32)] * 2
        torch.testing.assert_close(saved['features'][1].norm(dim=1), torch.ones(rows))
    assert len(saved['indices'].unique()) == rows


def test_collected_features_are_plain_tensors(whole: Path, tmp_path: Path) -> None:
    torch.save(load(whole / 'iter_4.pth')['collected_features'], tmp_path / 'features.pth')
    assert len(torch.load(tmp_path / 'features.pth', weights_only=True)['indices']) == 48


def test_checkpoint_without_the_features(whole: Path, tmp_path: Path) -> None:
    """Nothing is clustered that is incomplete."""
    checkpoint = load(whole / 'iter_4.pth')
    checkpoint.pop('collected_features')
    torch.save(checkpoint, tmp_path / 'bare.pth')
    cfg = deep_cluster_config(tmp_path)
    cfg.resume, cfg.load_from = True, str(tmp_path / 'bare.pth')
    with pytest.raises(ValueError, match='in the middle of an epoch without the features collected in it'):
        train(cfg)


def test_loop_of_mmengine_repeats_the_epoch(whole: Path, tmp_path: Path) -> None:
    """The features of the abandoned part of the epoch are not mixed with those of its repetition."""
    cfg = deep_cluster_config(tmp_path, checkpoint=EVERY_ITERATION)
    cfg.train_cfg = dict(type='mmengine.EpochBasedTrainLoop', max_epochs=2)
    cfg.resume, cfg.load_from = True, str(whole / 'iter_8.pth')
    train(cfg)
    assert len(load(tmp_path / 'iter_9.pth')['collected_features']['indices']) == 12


def knn(runner: Runner) -> float:
    """In per cent, on the backbone's features."""
    sets = []
    for split in ('train', 'val'):
        dataset = dict(type='cft.Digits', split=split, pipeline=[dict(type='PackInputs')])
        loader = dict(batch_size=100, dataset=dataset, sampler=dict(type='DefaultSampler', shuffle=False))
        loader |= dict(num_workers=0, collate_fn=dict(type='default_collate'))
        sets += extract_features(runner.model, runner.build_dataloader(loader))
    return knn_accuracy(*sets)


@pytest.mark.slow
def test_training_improves_loss_and_neighbours(tmp_path: Path) -> None:
    """Six epochs on all training images, against the same network before training."""
    cfg = deep_cluster_config(tmp_path, epochs=6, batch_size=50, num_prototypes=(100, 100), subset=None)
    cfg.default_hooks.checkpoint.interval = 6
    cfg.param_scheduler = [
        dict(type='LinearLR', start_factor=0.01, end=3, convert_to_iter_based=True),
        dict(type='CosineAnnealingLR', begin=3, convert_to_iter_based=True),
    ]
    runner = build_runner(cfg)
    runner.model.init_weights()
    before = knn(runner)
    runner.train()
    after = knn(runner)
    losses = runner.message_hub.get_scalar('train/loss').data[0].reshape(6, 20).mean(axis=1)
    assert losses[-1] < losses[0] - 0.3
    assert after > before + 2
