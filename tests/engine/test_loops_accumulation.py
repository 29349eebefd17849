"""Runs that accumulate gradients go on in the middle of an accumulation."""

from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner

from cft.engine.hooks import AccumulatedGradientsHook
from cft.engine.hooks.accumulated_gradients import mean_of
from tests.support.toy_run import ToyModel, toy_runner


def run(work_dir: Path, by_epoch: bool, resume_from: Path | None = None) -> Runner:
    """Ten iterations, a step after every three and after the last; in epochs of five if ``by_epoch``."""
    torch.manual_seed(0)
    settings = {} if resume_from is None else {'resume': True, 'load_from': str(resume_from)}
    optimizer = {'type': 'SGD', 'lr': 1e-3, 'momentum': 0.9}
    wrapper = {'optimizer': optimizer, 'accumulative_counts': 3}
    runner = toy_runner(
        work_dir, [AccumulatedGradientsHook()], ToyModel(), by_epoch=by_epoch, wrapper=wrapper, **settings
    )
    kind = 'Epoch' if by_epoch else 'Iter'
    runner._train_loop = {'type': f'cft.Resumable{kind}Loop', f'max_{kind.lower()}s': 2 if by_epoch else 10}
    runner.train()
    return runner


def content(path: Path) -> dict:
    return torch.load(path, weights_only=False)


@pytest.mark.parametrize('iteration', [1, 2, 3, 4, 8, 9])
def test_iterations(iteration: int, tmp_path: Path) -> None:
    run(tmp_path / 'whole', by_epoch=False)
    checkpoint = tmp_path / 'whole' / f'iter_{iteration}.pth'
    assert ('accumulated_gradients' in content(checkpoint)) == (iteration % 3 > 0)
    run(tmp_path / 'resumed', False, checkpoint)
    ends = [content(tmp_path / name / 'iter_10.pth') for name in ('whole', 'resumed')]
    for name, value in ends[0]['state_dict'].items():
        assert torch.equal(value, ends[1]['state_dict'][name]), name
    assert 'accumulated_gradients' not in ends[0]


def test_epochs(tmp_path: Path) -> None:
    """Two batches of the first epoch belong to the first step of the second."""
    whole = run(tmp_path / 'whole', by_epoch=True)
    first = content(tmp_path / 'whole' / 'epoch_1.pth')['accumulated_gradients']
    assert len(first) == 1 and first[0].keys() == dict(whole.model.named_parameters()).keys()
    run(tmp_path / 'resumed', True, tmp_path / 'whole' / 'epoch_1.pth')
    ends = [content(tmp_path / name / 'epoch_2.pth')['state_dict'] for name in ('whole', 'resumed')]
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


def test_lost_gradients_would_change_the_weights(tmp_path: Path) -> None:
    """Equality above is no accident."""
    run(tmp_path / 'whole', by_epoch=False)
    checkpoint = content(tmp_path / 'whole' / 'iter_5.pth')
    del checkpoint['accumulated_gradients']
    torch.save(checkpoint, tmp_path / 'without.pth')
    run(tmp_path / 'resumed', False, tmp_path / 'without.pth')
    ends = [content(tmp_path / name / 'iter_10.pth')['state_dict'] for name in ('whole', 'resumed')]
    assert not torch.equal(ends[0]['head.fc.weight'], ends[1]['head.fc.weight'])


def test_another_number_of_ranks() -> None:
    """The mean, which is what they would have added to the step; a parameter that one rank has not used counts."""
    parts = [{'a': torch.tensor([2.0, 4.0]), 'b': torch.tensor(3.0)}, {'a': torch.tensor([0.0, 2.0])}]
    mean = mean_of(parts)
    assert mean['a'].tolist() == [1.0, 3.0] and mean['b'] == 1.5
