"""Classifiers of few-shot tasks, fitted to all tasks at once: logistic regression, nearest mean, cosine classifier."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cft.errors import DataError
from cft.ops.batched_lbfgs import minimize_batch

# Of the cosines before the softmax, where Gidaris and Komodakis begin.
COSINE_SCALE = 10.0


def span_coordinates(support: Tensor, query: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates in the space that each task's labelled images span, where that is smaller than the features'.

    A classifier whose weights lie in that space, as those of all heads here
    do, gives the same scores.

    Args:
        support: (E, N, K, D).
        query: (E, M, D).

    Returns:
        (E, N, K, R) and (E, M, R), R the smaller of N K and D.

    Example:
        >>> support, query = span_coordinates(torch.randn(3, 5, 1, 64), torch.randn(3, 75, 64))
        >>> support.shape, query.shape
        (torch.Size([3, 5, 1, 5]), torch.Size([3, 75, 5]))
    """
    rows = support.flatten(1, 2)
    if rows.shape[1] >= rows.shape[2]:
        return support, query
    basis, upper = torch.linalg.qr(rows.mT)
    return upper.mT.unflatten(1, support.shape[1:3]), query @ basis


def logistic_scores(support: Tensor, query: Tensor, inverse_strength: float = 1.0) -> Tensor:
    """Scores of multinomial logistic regression.

    Minimises the sum of cross-entropies times ``inverse_strength`` plus half
    the squared norm of the weights, the bias free, as scikit-learn's
    ``LogisticRegression(C=inverse_strength)`` does, to a gradient of 1e-8 of
    the mean. C = 1 on l2-normalised features is what Tian et al. (ECCV 2020,
    "a good embedding is all you need") take.

    Args:
        support: (E, N, K, D) labelled images of N classes.
        query: (E, M, D).
        inverse_strength: C.

    Returns:
        (E, M, N) scores, before the softmax.

    Raises:
        DataError: If an optimum is not reached, as with features that are very long.

    Example:
        >>> support = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]])
        >>> logistic_scores(support, torch.tensor([[[1.0, 0.1]]])).argmax(dim=2).tolist()
        [[0]]
    """
    support, query = span_coordinates(support.double(), query.double())
    tasks, ways, shots, width = support.shape
    rows = support.flatten(1, 2)
    classes = torch.arange(ways, device=rows.device).repeat_interleave(shots)
    onehot = torch.nn.functional.one_hot(classes, ways).to(rows)
    strength = 1 / (inverse_strength * len(classes))

    def objective(points: Tensor, problems: Tensor) -> tuple[Tensor, Tensor]:
        weights, bias = _parted(points, width, ways)
        own = rows[problems]
        logs = torch.log_softmax(own @ weights + bias, dim=2)
        values = -(logs * onehot).sum(dim=(1, 2)) / len(classes) + strength / 2 * (weights**2).sum(dim=(1, 2))
        errors = (logs.exp() - onehot) / len(classes)
        gradient = torch.cat([own.mT @ errors + strength * weights, errors.sum(dim=1, keepdim=True)], dim=1)
        return values, gradient.flatten(1)

    found, converged = minimize_batch(objective, rows.new_zeros(tasks, (width + 1) * ways), tolerance=1e-8)
    if not converged.all():
        raise DataError(
            f'logistic regression has no optimum within reach for {int((~converged).sum())} of {tasks} tasks: '
            'their features are too long; normalise them'
        )
    weights, bias = _parted(found, width, ways)
    return query @ weights + bias


def nearest_mean_scores(support: Tensor, query: Tensor) -> Tensor:
    """Cosine similarity to the mean of each class's unit rows, as :func:`cft.evaluation.nearest_mean_accuracy` has it.

    Args:
        support: (E, N, K, D).
        query: (E, M, D).

    Returns:
        (E, M, N).

    Example:
        >>> nearest_mean_scores(torch.eye(2)[None, :, None], torch.tensor([[[3.0, 4.0]]])).tolist()
        [[[0.6000000238418579, 0.800000011920929]]]
    """
    means = normalize(normalize(support, dim=3).mean(dim=2), dim=2)
    return normalize(query, dim=2) @ means.mT


def cosine_scores(support: Tensor, query: Tensor, scale: float = COSINE_SCALE) -> Tensor:
    """Scores of a cosine classifier: a direction for each class, trained on the labelled images.

    Minimises the mean cross-entropy of ``scale`` times the cosines by L-BFGS,
    from the class means on, to a stationary point; Gidaris and Komodakis
    (CVPR 2018) and Chen et al. (ICLR 2019, Baseline++) take steps of SGD from
    random directions. The scale stays where the former begin.

    Args:
        support: (E, N, K, D).
        query: (E, M, D).
        scale: Of the cosines.

    Returns:
        (E, M, N).

    Example:
        >>> cosine_scores(torch.eye(2)[None, :, None], torch.tensor([[[3.0, 4.0]]])).argmax(dim=2).tolist()
        [[1]]
    """
    support, query = span_coordinates(normalize(support.double(), dim=3), normalize(query.double(), dim=2))
    _, ways, shots, width = support.shape
    rows = support.flatten(1, 2)
    classes = torch.arange(ways, device=rows.device).repeat_interleave(shots)
    onehot = torch.nn.functional.one_hot(classes, ways).to(rows)

    def objective(points: Tensor, problems: Tensor) -> tuple[Tensor, Tensor]:
        weights = points.unflatten(1, (ways, width))
        lengths = weights.norm(dim=2, keepdim=True).clamp_min(1e-12)
        units, own = weights / lengths, rows[problems]
        logs = torch.log_softmax(scale * own @ units.mT, dim=2)
        values = -(logs * onehot).sum(dim=(1, 2)) / len(classes)
        pull = scale * ((logs.exp() - onehot) / len(classes)).mT @ own
        gradient = (pull - (pull * units).sum(dim=2, keepdim=True) * units) / lengths
        return values, gradient.flatten(1)

    start = normalize(support.mean(dim=2), dim=2).flatten(1)
    found, _ = minimize_batch(objective, start, tolerance=1e-6)
    return scale * query @ normalize(found.unflatten(1, (ways, width)), dim=2).mT


def _parted(points: Tensor, width: int, ways: int) -> tuple[Tensor, Tensor]:
    """Weights (E, D, N) and biases (E, 1, N)."""
    both = points.unflatten(1, (width + 1, ways))
    return both[:, :width], both[:, width:]


# Of labelled images (E, N, K, D) and questions (E, M, D), scores (E, M, N).
HEADS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    'logistic': logistic_scores,
    'nearest_mean': nearest_mean_scores,
    'cosine': cosine_scores,
}
