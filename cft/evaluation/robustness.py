"""Robust accuracy as numbers: its curve over the strength of an attack, and signs that it cannot be trusted."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cft.errors import ConfigError

# Of the strength that is asked for; doubled from there on until an attack may change every pixel at will.
SMALLER = (0.25, 0.5)
RANGE = 255.0


@dataclass(frozen=True)
class RobustnessCheck:
    """What a model is attacked with.

    Attributes:
        norm: ``'linf'`` or ``'l2'``.
        epsilon: Radius of the ball, in pixel values 0 to 255; 0 asks for clean accuracy alone.
        num_steps: Of projected gradient descent; one accuracy for each.
        restarts: Attacks of each image from other random points; it counts as right if it stands all of them.
        autoattack: Also APGD-CE, APGD-DLR and Square of the adversarial-robustness-toolbox.
        queries: Of Square; 5,000 is AutoAttack's.
        seed: Of everything random.

    Raises:
        ConfigError: If a setting is out of range.

    Example:
        >>> RobustnessCheck('linf', 4).epsilons((3, 32, 32))
        [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 255.0]
    """

    norm: str
    epsilon: float
    num_steps: Sequence[int] = (10, 20, 50)
    restarts: int = 5
    autoattack: bool = False
    queries: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.norm not in ('linf', 'l2'):
            raise ConfigError(f'attack: the norm must be linf or l2, got {self.norm!r}; write attack=linf:4')
        if not 0 <= self.epsilon < math.inf:
            raise ConfigError(f'attack: epsilon must be at least 0, in pixel values 0 to 255, got {self.epsilon}')
        if not self.num_steps or min(*self.num_steps, self.restarts, self.queries) < 1:
            raise ConfigError(
                'attack: numbers of steps, restarts and queries must be positive, got '
                f'{self.num_steps}, {self.restarts}, {self.queries}'
            )

    @classmethod
    def parse(
        cls, attack: str, steps: str = '10,20,50', restarts: str = '5', autoattack: str = 'false'
    ) -> 'RobustnessCheck':
        """From the words of a command line.

        Example:
            >>> check = RobustnessCheck.parse('l2:127.5', '10,20', '3')
            >>> check.norm, check.epsilon, check.num_steps, check.restarts, check.autoattack
            ('l2', 127.5, (10, 20), 3, False)
        """
        norm, _, epsilon = attack.partition(':')
        if autoattack.lower() not in ('true', 'false'):
            raise ConfigError(f'autoattack={autoattack}: write true or false')
        try:
            strength, times = float(epsilon), int(restarts)
            numbers = tuple(int(word) for word in steps.split(','))
        except ValueError as error:
            raise ConfigError(
                f'attack={attack} attack_steps={steps} attack_restarts={restarts}: write attack=linf:4 (of 255), '
                'attack_steps=10,20 and attack_restarts=5'
            ) from error
        return cls(norm, strength, numbers, times, autoattack.lower() == 'true')

    def epsilons(self, shape: Sequence[int]) -> list[float]:
        """Strengths of the curve for images of a shape (C, H, W), the last of which reaches every image."""
        largest = RANGE if self.norm == 'linf' else RANGE * math.prod(shape) ** 0.5
        if self.epsilon == 0:
            return []
        found = [self.epsilon * share for share in SMALLER] + [float(self.epsilon)]
        while found[-1] * 2 < largest:
            found.append(found[-1] * 2)
        return [epsilon for epsilon in found if epsilon < largest] + [largest]


def robust_accuracy(least: np.ndarray, epsilon: float) -> float:
    """Share of the images that are right at a strength, in per cent.

    Args:
        least: (N,) strengths at which the images are fooled; 0 for those that are wrong without an attack, infinity
            for those that none fools.
        epsilon: The strength.

    Example:
        >>> robust_accuracy(np.array([0, 2, 8, np.inf]), epsilon=4)
        50.0
    """
    return 100 * float((least > epsilon).mean())


def robustness_table(least: np.ndarray, epsilons: Sequence[float]) -> dict[str, Any]:
    """The curve of robust accuracy, clean accuracy first.

    Example:
        >>> robustness_table(np.array([0, 2, 8, np.inf]), [4, 8])['rows']
        [['0', 75.0, 3], ['4', 50.0, 2], ['8', 25.0, 1]]
    """
    rows = [
        [f'{epsilon:g}', robust_accuracy(least, epsilon), int((least > epsilon).sum())] for epsilon in [0, *epsilons]
    ]
    return {'columns': ['epsilon of 255', 'robust accuracy (%)', 'images right'], 'rows': rows}


def masking_signs(
    least: np.ndarray, epsilons: Sequence[float], fooled: Mapping[str, np.ndarray], survived: np.ndarray
) -> list[str]:
    """Signs that gradients lead the attack astray, so that the robust accuracy is too high (Athalye et al. 2018).

    Args:
        least: As of :func:`robust_accuracy`.
        epsilons: Of the curve; at the last an attack can turn any image into any other.
        fooled: For each attack that sees no gradient, by its name, (N,) whether it fools an image.
        survived: (N,) whether an image stands the attacks of the same strength that follow gradients.

    Returns:
        A sentence for each sign; none is no proof of robustness.

    Example:
        >>> masking_signs(np.array([4.0]), [4, 255], {'noise': np.array([True])}, np.array([True]))
        ['gradient masking? noise fools 1 images that stand PGD of the same strength; do not trust the robust accuracy']
    """
    signs = []
    if len(epsilons) and (least > epsilons[-1]).any():
        signs.append(
            f'gradient masking? {robust_accuracy(least, epsilons[-1]):.1f} % of the images are still right where the '
            'attack may change every pixel at will; do not trust the robust accuracy'
        )
    for name, found in fooled.items():
        more = int((found & survived).sum())
        if more:
            signs.append(
                f'gradient masking? {name} fools {more} images that stand PGD of the same strength; do not trust the '
                'robust accuracy'
            )
    return signs
