"""Random numbers of a step: those that the three libraries' own seeding gives."""

import random

import numpy as np
import pytest
import torch

from cft.engine.hooks import iteration_seed
from cft.engine.hooks.iteration_seed import DATA, MODEL, seed_all


def drawn() -> tuple[float, float, list[float]]:
    return random.random(), float(np.random.rand()), torch.rand(3).tolist()


@pytest.mark.parametrize('accelerator', [False, True])
def test_as_each_library_seeds_itself(accelerator: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iteration_seed, '_has_accelerator', lambda: accelerator)
    seed_all(seed=3, rank=1, iteration=5, purpose=MODEL)
    found = drawn()
    state = np.random.SeedSequence([3, 1, 5, MODEL]).generate_state(3)
    random.seed(int(state[0]))
    np.random.seed(state[1])
    torch.manual_seed(int(state[2]))
    assert found == drawn()


def test_each_of_the_four_numbers_counts() -> None:
    numbers = dict(seed=0, rank=0, iteration=0, purpose=DATA)
    found = set()
    for changed in ({}, {'seed': 1}, {'rank': 1}, {'iteration': 1}, {'purpose': MODEL}):
        seed_all(**(numbers | changed))
        found.add(str(drawn()))
    assert len(found) == 5


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_nothing_piles_up_without_a_gpu() -> None:
    before = len(torch.cuda._queued_calls)
    for iteration in range(3):
        seed_all(seed=0, rank=0, iteration=iteration, purpose=DATA)
    assert len(torch.cuda._queued_calls) == before
