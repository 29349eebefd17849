"""The least strength that fools: against a closed form, restarts, and what noise finds."""

import pytest
import torch
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.adversarial import least_fooling_epsilon, random_corners
from tests.models.adversarial.attacked import network, pixels

LINEAR = torch.linspace(-2, 3, 60).view(3, 4, 5).double()


def linear_logits(x: Tensor) -> Tensor:
    """Two classes, divided by a plane through images of grey 127."""
    score = ((x - 127) * LINEAR).sum(dim=(1, 2, 3))
    return torch.stack([score, torch.zeros_like(score)], dim=1)


@pytest.mark.parametrize(('norm', 'order'), [('linf', 1), ('l2', 2)])
def test_linear_classifier_is_fooled_at_its_distance(norm: str, order: int) -> None:
    """The margin divided by the dual norm of the weights, where no pixel reaches the end of the range.

    With logits of hundreds: the gradient of the cross-entropy itself would be zero.
    """
    torch.manual_seed(0)
    images = pixels(40, low=90, high=160)
    scores = ((images - 127) * LINEAR).sum(dim=(1, 2, 3))
    labels = (scores < 0).long()
    distance = scores.abs() / float(LINEAR.norm(order))
    epsilons = torch.linspace(0.02, 1.0, 25).mul(float(distance.max()) * 1.1).tolist()
    found = least_fooling_epsilon(linear_logits, images, labels, norm, epsilons, num_steps=10).double()
    assert (found >= distance * 0.999).all()
    step = epsilons[1] - epsilons[0]
    assert (found <= distance.clamp(min=epsilons[0]) + 1.3 * step).all()
    assert len(found.unique()) > 5


def test_zero_for_images_that_are_wrong_and_infinity_for_those_that_stand() -> None:
    """Nothing fools a constant classifier; the caller may know what is wrong."""
    images, labels = pixels(3), torch.tensor([0, 1, 0])

    def constant(x: Tensor) -> Tensor:
        return x.flatten(1)[:, :2] * 0 + torch.tensor([1.0, 0.0])

    assert least_fooling_epsilon(constant, images, labels, 'linf', [4, 255]).tolist() == [torch.inf, 0, torch.inf]
    wrong = torch.tensor([True, False, False])
    given = least_fooling_epsilon(constant, images, labels, 'linf', [4], wrong=wrong)
    assert given[0] == 0 and given[2] == torch.inf
    assert least_fooling_epsilon(constant, images, labels, 'linf', []).tolist() == [torch.inf, 0, torch.inf]
    assert least_fooling_epsilon(constant, images[:0], labels[:0], 'l2', [4]).shape == (0,)


def test_only_images_that_still_stand_are_attacked_again() -> None:
    """And more restarts never leave more standing."""
    torch.manual_seed(0)
    model, images, sizes = network().double(), pixels(30), []
    labels = model((images - 127) / 60).argmax(dim=1)

    def logits_of(x: Tensor) -> Tensor:
        sizes.append(len(x))
        return model((x - 127) / 60)

    found = []
    for restarts in (1, 4):
        torch.manual_seed(1)
        found.append(least_fooling_epsilon(logits_of, images, labels, 'linf', [4], 3, restarts))
        assert sizes == sorted(sizes, reverse=True) and (sizes[-1] < 30) == (restarts > 1)
        sizes.clear()
    assert (found[1] <= found[0]).all()


def test_independent_attacks_of_a_trained_network_find_more_with_epsilon() -> None:
    """Each strength by itself, so that nothing is monotone by construction."""
    torch.manual_seed(0)
    model = network().double()
    images, labels = pixels(60), torch.arange(60) % 3
    images[labels == 1, 0] *= 0.4
    images[labels == 2, 1] *= 0.4
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(120):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model((images - 127) / 60), labels).backward()
        optimizer.step()

    def right(epsilon: float) -> int:
        found = least_fooling_epsilon(lambda x: model((x - 127) / 60), images, labels, 'linf', [epsilon], 10, 2)
        return int(found.isinf().sum())

    clean = int((model((images - 127) / 60).argmax(dim=1) == labels).sum())
    curve = [clean, *(right(epsilon) for epsilon in (4, 16, 32, 64, 255))]
    assert curve == sorted(curve, reverse=True) and curve[0] > 55 and curve[-1] == 0 and len(set(curve)) > 3


def test_noise_stays_in_the_ball() -> None:
    """Of linf and l2 alike; extreme pixels move inwards alone."""
    images, seen = pixels(5).mul(3).clamp(0, 255), []
    for norm, length in (('linf', lambda x: x.abs().amax(dim=(1, 2, 3))), ('l2', lambda x: x.flatten(1).norm(dim=1))):
        random_corners(lambda x: seen.append(x) or x.flatten(1), images, torch.zeros(5), norm, 9, draws=3)
        for moved in seen:
            assert (length(moved - images) <= 9 + 1e-9).all() and moved.min() >= 0 and moved.max() <= 255
        assert not torch.equal(seen[-1], seen[-2])
        seen.clear()


def test_noise_finds_what_gradients_hide() -> None:
    """A classifier of rounded pixels has no gradient: projected gradient descent finds nothing but by its start."""
    torch.manual_seed(0)
    images, labels = torch.full((8, 1, 1, 1), 100.0), torch.zeros(8, dtype=torch.long)

    def logits_of(x: Tensor) -> Tensor:
        rounded = x.flatten(1).detach().div(100).floor()
        return torch.cat([rounded, torch.full_like(rounded, 0.5)], dim=1) + 0 * x.flatten(1)

    assert random_corners(logits_of, images, labels, 'linf', 4).all()


def test_refuses_strengths_that_none_can_have() -> None:
    with pytest.raises(ConfigError, match='epsilon of an attack'):
        least_fooling_epsilon(linear_logits, pixels(2), torch.zeros(2), 'linf', [0])
    with pytest.raises(ConfigError, match='outside the pixel values'):
        random_corners(linear_logits, pixels(2) - 300, torch.zeros(2), 'linf', 1)
