"""Robust accuracy as numbers, and what makes it doubtful."""

import itertools

import numpy as np
import pytest

from cft.errors import ConfigError
from cft.evaluation import RobustnessCheck, masking_signs, robust_accuracy, robustness_table

LEAST = np.array([0, 1, 2, 2, 8, np.inf])


def test_accuracy_falls_with_epsilon() -> None:
    """Of six images one is wrong as it is; what fools at 2 fools at 3; nothing fools the last."""
    found = [robust_accuracy(LEAST, epsilon) for epsilon in (0, 0.5, 1, 2, 3, 8, 255)]
    assert found == pytest.approx([500 / 6, 500 / 6, 400 / 6, 200 / 6, 200 / 6, 100 / 6, 100 / 6])
    assert [row[0] for row in robustness_table(LEAST, [1.0, 2.5])['rows']] == ['0', '1', '2.5']


@pytest.mark.parametrize(('norm', 'largest'), [('linf', 255.0), ('l2', 255 * 48**0.5)])
def test_the_curve_passes_the_strength_and_ends_where_every_image_is_reached(norm: str, largest: float) -> None:
    for epsilon in (0.5, 4, 127.5):
        curve = RobustnessCheck(norm, epsilon).epsilons((3, 4, 4))
        assert epsilon in curve and curve == sorted(set(curve)) and curve[-1] == largest
        assert all(after <= 2 * before for before, after in itertools.pairwise(curve))
    assert RobustnessCheck(norm, 0).epsilons((3, 4, 4)) == []


def test_signs_of_gradient_masking() -> None:
    survived = LEAST > 2
    assert masking_signs(LEAST[:5], [2, 255], {'noise': LEAST[:5] == 2}, survived[:5]) == []
    (end,) = masking_signs(LEAST, [2, 255], {'noise': LEAST == 2}, survived)
    assert '16.7 % of the images are still right' in end
    (black,) = masking_signs(LEAST[:5], [2, 255], {'Square': LEAST[:5] == 8}, survived[:5])
    assert 'Square fools 1 images that stand PGD' in black


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ({'attack': 'l1:4'}, 'norm must be linf or l2'),
        ({'attack': 'linf'}, 'write attack=linf:4'),
        ({'attack': 'linf:-1'}, 'epsilon must be at least 0'),
        ({'attack': 'linf:4', 'steps': '0'}, 'must be positive'),
        ({'attack': 'linf:4', 'restarts': 'many'}, 'attack_restarts=5'),
        ({'attack': 'linf:4', 'autoattack': 'perhaps'}, 'write true or false'),
    ],
)
def test_words_that_mean_nothing(words: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        RobustnessCheck.parse(**words)
