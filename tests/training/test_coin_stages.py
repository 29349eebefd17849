"""COIN's first stage trains the encoder and leaves the classifier as it is."""

from itertools import pairwise
from pathlib import Path

import pytest
import torch

from tests.support.digits_runs import run, weights


@pytest.mark.slow
def test_classifier_stays_bit_identical_then_moves(tmp_path: Path) -> None:
    """With momentum and a strong weight decay, which would move a merely unused parameter."""
    run('coin', tmp_path, optim_wrapper__optimizer__weight_decay=0.1)
    states = [weights(tmp_path / f'iter_{iteration}.pth') for iteration in range(1, 7)]
    for name in ('head.fc.weight', 'head.fc.bias'):
        assert torch.equal(states[0][name], states[1][name])
        assert torch.equal(states[0][name], states[2][name])
        assert not torch.equal(states[2][name], states[3][name])
    assert states[0]['head.fc.weight'].abs().sum() > 0
    for before, after in pairwise(states):
        assert not torch.equal(before['backbone.conv1.weight'], after['backbone.conv1.weight'])


@pytest.mark.slow
def test_initial_classifier_is_the_one_kept(tmp_path: Path) -> None:
    """The weights after the first step are those of the run of CE before its first step: same seed, no float moves."""
    run('coin', tmp_path / 'coin', iterations=2)
    run('ce', tmp_path / 'ce', iterations=2, optim_wrapper__optimizer__lr=1e-30)
    coin, still = weights(tmp_path / 'coin' / 'iter_1.pth'), weights(tmp_path / 'ce' / 'iter_1.pth')
    assert torch.equal(coin['head.fc.weight'], still['head.fc.weight'])
