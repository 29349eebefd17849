"""A resumed run ends with the weights of the uninterrupted one, bit for bit."""

from pathlib import Path

import pytest
import torch

from tests.support.digits_runs import PRETRAINING, run, weights


def assert_same_weights(first: Path, second: Path) -> None:
    expected, found = weights(first), weights(second)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        assert torch.equal(value, found[name]), name


@pytest.mark.slow
@pytest.mark.parametrize('name', ['coretuning', 'coin', 'schane', 'rifle', 'noisytune', 'bituning'])
def test_iteration_based_run(name: str, tmp_path: Path) -> None:
    """Also from the middle of COIN's stages and at their border, where the schedule restarts, and of RIFLE's cycles."""
    run(name, tmp_path / 'whole')
    whole = tmp_path / 'whole' / 'iter_6.pth'
    for iteration in {'coin': (1, 3, 5), 'rifle': (2, 3, 4)}.get(name, (3,)):
        work_dir = tmp_path / f'resumed_{iteration}'
        run(name, work_dir, resume_from=tmp_path / 'whole' / f'iter_{iteration}.pth')
        assert_same_weights(whole, work_dir / 'iter_6.pth')


@pytest.mark.slow
@pytest.mark.parametrize('name', PRETRAINING)
def test_pretraining_from_the_middle_of_an_epoch(name: str, tmp_path: Path) -> None:
    """Iteration 5 of epochs of three batches: queue, prototypes, assignments, collected features, momentum."""
    settings = {'iterations': 3, 'default_hooks__checkpoint__by_epoch': False}
    if 'cluster' in name:
        settings['model__num_prototypes'] = (6, 4)
    whole = run(name, tmp_path / 'whole', **settings)
    resumed = run(name, tmp_path / 'resumed', resume_from=tmp_path / 'whole' / 'iter_5.pth', **settings)
    assert_same_weights(tmp_path / 'whole' / 'iter_9.pth', tmp_path / 'resumed' / 'iter_9.pth')
    kept = weights(tmp_path / 'resumed' / 'iter_9.pth')
    assert {'queue.features', 'queue.position'} <= kept.keys() or {'prototypes_1', 'assignments'} <= kept.keys()
    assert (resumed.epoch, resumed.iter) == (3, 9)
    if 'cluster' not in name:
        momentum = [run.message_hub.get_scalar('train/momentum').data[0][-4:] for run in (whole, resumed)]
        assert momentum[0].tolist() == momentum[1].tolist()
        assert len(set(momentum[0].tolist())) == 4


@pytest.mark.slow
@pytest.mark.parametrize('name', ['coretuning', 'sce', 'hexa_dcluster'])
def test_number_of_workers(name: str, tmp_path: Path) -> None:
    """The augmentation of all epochs, and of the pass before them, is the same with 0, 1 and 3 worker processes."""
    settings = {'model__num_prototypes': (6, 4)} if 'cluster' in name else {}
    found = []
    for workers in (0, 1, 3):
        work_dir = tmp_path / str(workers)
        keep = {'train_dataloader__persistent_workers': workers == 3}
        run(name, work_dir, iterations=2, train_dataloader__num_workers=workers, **keep, **settings)
        found.append(work_dir / ('iter_2.pth' if name == 'coretuning' else 'epoch_2.pth'))
    for other in found[1:]:
        assert_same_weights(found[0], other)


@pytest.mark.slow
def test_the_seed_matters(tmp_path: Path) -> None:
    """Equality above is no accident: another seed gives other weights."""
    run('ce', tmp_path / 'a', iterations=1)
    run('ce', tmp_path / 'b', iterations=1, randomness__seed=1)
    first, second = weights(tmp_path / 'a' / 'iter_1.pth'), weights(tmp_path / 'b' / 'iter_1.pth')
    assert not torch.equal(first['head.fc.weight'], second['head.fc.weight'])
