"""Against what torchattacks and the adversarial-robustness-toolbox did to the same network, which a file holds."""

import json
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cft.models.adversarial import PGD, least_fooling_epsilon
from tests.models.adversarial.record_other_libraries import EPSILONS, FILE, SHOWN, STEPS
from tests.models.adversarial.trained_network import trained_network

RECORDED = json.loads(FILE.read_text())
CASES = [(norm, epsilon) for norm, epsilons in EPSILONS.items() for epsilon in epsilons]


@cache
def attacked() -> tuple[nn.Module, Tensor, Tensor]:
    model, images, labels = trained_network()
    return model.float(), images.float() * 255, labels


def logits_of(images: Tensor) -> Tensor:
    return attacked()[0](images / 255)


def right(images: Tensor) -> int:
    return int((logits_of(images).argmax(dim=1) == attacked()[2]).sum())


def test_the_network_is_the_recorded_one() -> None:
    assert right(attacked()[1]) == RECORDED['clean']


@pytest.mark.parametrize(('norm', 'epsilon'), CASES)
def test_without_a_random_start_the_losses_are_theirs(norm: str, epsilon: float) -> None:
    """Image by image."""
    _, images, labels = attacked()
    found = RECORDED[f'{norm} {epsilon:g}']
    attack = PGD(norm, epsilon, epsilon / 4, STEPS, random_start=False)
    moved = attack(images, lambda x: F.cross_entropy(logits_of(x), labels, reduction='sum'))
    losses = F.cross_entropy(logits_of(moved), labels, reduction='none')[:SHOWN]
    torch.testing.assert_close(losses, torch.tensor(found['losses']), rtol=2e-3, atol=2e-5)
    assert right(moved) == found['right'] == found['right by the toolbox']


@pytest.mark.parametrize(('norm', 'epsilon'), CASES)
def test_with_random_starts_the_accuracy_is_theirs_within_the_noise_of_restarts(norm: str, epsilon: float) -> None:
    _, images, labels = attacked()
    own = []
    for seed in range(5):
        torch.manual_seed(seed)
        attack = PGD(norm, epsilon, epsilon / 4, STEPS)
        own.append(right(attack(images, lambda x: F.cross_entropy(logits_of(x), labels, reduction='sum'))))
    theirs = RECORDED[f'{norm} {epsilon:g}']['right by random starts']
    noise = np.hypot(np.std(own), np.std(theirs))
    assert abs(np.mean(own) - np.mean(theirs)) <= 2 * noise + 1


@pytest.mark.parametrize(('norm', 'epsilon'), [(norm, epsilons[1]) for norm, epsilons in EPSILONS.items()])
def test_more_steps_and_restarts_come_near_auto_attack(norm: str, epsilon: float) -> None:
    """PGD-50 with five restarts leaves about as many of the 200 images right as the standard AutoAttack."""
    _, images, labels = attacked()
    torch.manual_seed(0)
    found = least_fooling_epsilon(logits_of, images, labels, norm, [epsilon], 50, 5)
    least = RECORDED[f'{norm} {epsilon:g}']['right by AutoAttack']
    assert abs(int(found.isinf().sum()) - least) <= 8
