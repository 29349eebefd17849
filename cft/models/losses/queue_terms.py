"""The terms of InfoNCE, ReSSL and SCE, of many pairs of views at once and without the (N, M) similarities.

With own key k, other candidates c_j and q divided by tau, all of them come from the other candidates' log-sum-exp
Z(q) alone; the target of a key from one vector, its weighted mean t of the other candidates:

- InfoNCE: log(1 + e^(Z - q.k)), ReSSL: Z - q.t, as sum_j s_j log p_j = q.t - Z, and the ceiling: log(1 + e^(q.k - Z));
- SCE: their weighted sum (proposition 1).

Z and t are what :func:`cft.ops.contrastive.softmax_moments` returns, of a query and of a key. t does not depend on the
query: it is made once for all views that are compared with the key, and Z once for all keys.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from cft.ops import arithmetic_type, l2_normalize
from cft.ops.contrastive import softmax_moments

from .candidates import propagate_non_finite


class TermWeights(NamedTuple):
    """Weights of the three terms: numbers, or (N,) of each image. A term of weight 0 costs nothing.

    Example:
        >>> TermWeights(contrastive=1.0)  # InfoNCE
        TermWeights(contrastive=1.0, relational=0.0, ceiling=0.0)
    """

    contrastive: float | Tensor = 0.0
    relational: float | Tensor = 0.0
    ceiling: float | Tensor = 0.0

    def asks_relations(self) -> bool:
        """Whether the keys' relations to the other candidates count."""
        return _counts(self.relational)


class KeyTargets(NamedTuple):
    """What queries are compared with.

    Attributes:
        keys: (K, N, D) unit keys of K views.
        logsumexp: (K, N) of each key's similarities to the other candidates, divided by the target's temperature;
            None for a loss without a relational term, or without other candidates.
        means: (K, N, D) other candidates, weighted by the target; None likewise.

    Example:
        >>> KeyTargets(torch.zeros(1, 4, 8)).of_images(torch.tensor([1, 0, 3, 2])).keys.shape
        torch.Size([1, 4, 8])
    """

    keys: Tensor
    logsumexp: Tensor | None = None
    means: Tensor | None = None

    def of_images(self, images: Tensor) -> 'KeyTargets':
        """The targets of other images of the batch, (N,) indices, in the place of each one's own."""
        relations = (None if part is None else part[:, images] for part in (self.logsumexp, self.means))
        return KeyTargets(self.keys[:, images], *relations)


@torch.no_grad()
def key_targets(
    keys: Tensor, queue: Tensor | None, target_temperature: float | None, unit_queue: bool = False
) -> KeyTargets:
    """Prepare what queries are compared with, once for all of them.

    Args:
        keys: (K, N, D) of K views of the same images, normalised here.
        queue: (M, D) past keys; None: the keys of a view are each other's candidates.
        target_temperature: tau_m; None for a loss without a relational term.
        unit_queue: The rows of the queue have length 1 and are taken as they are.

    Example:
        >>> key_targets(torch.randn(2, 4, 8), torch.randn(64, 8), target_temperature=0.05).means.shape
        torch.Size([2, 4, 8])
    """
    with torch.autocast(keys.device.type, enabled=False):
        keys = l2_normalize(keys.to(_type_of(keys, queue)))
        if target_temperature is None or not _others(keys, queue):
            return KeyTargets(keys)
        rows = keys / target_temperature
        if queue is None:
            parts = [softmax_moments(rows[view], keys[view], own=True) for view in range(len(keys))]
            return KeyTargets(keys, *(torch.stack(part) for part in zip(*parts, strict=True)))
        logsumexp, means = softmax_moments(rows.flatten(0, 1), queue, normalize=not unit_queue)
        return KeyTargets(keys, logsumexp.view(keys.shape[:2]), means.view_as(keys))


def pair_terms(
    queries: Tensor,
    targets: Sequence[KeyTargets],
    pairs: Sequence[tuple[int, int]],
    queue: Tensor | None,
    *,
    weights: TermWeights,
    temperature: float,
    unit_queue: bool = False,
) -> Tensor:
    """Weighted sum of the three terms, mean over the images, of each pair of a query and a key view.

    Args:
        queries: (V, N, D) of V views, normalised here.
        targets: Q times those of K key views, from :func:`key_targets` and the same queue.
        pairs: P times query view and key view.
        queue: (M, D) past keys, which carry no gradient and may change before the backward pass; or None.
        weights: Of the terms.
        temperature: tau.
        unit_queue: The rows of the queue have length 1 and are taken as they are.

    Returns:
        (Q, P), at least float32; 0 without any candidate but the own key.

    Example:
        >>> views, queue = torch.randn(2, 4, 8), torch.randn(64, 8)
        >>> targets, weights = key_targets(views, queue, target_temperature=0.05), TermWeights(0.5, 0.5, 0.5)
        >>> pair_terms(views, [targets], [(0, 1), (1, 0)], queue, weights=weights, temperature=0.1).shape
        torch.Size([1, 2])
    """
    with torch.autocast(queries.device.type, enabled=False):
        queries = l2_normalize(queries.to(_type_of(queries, targets[0].keys, queue)))
        if not _others(queries, queue):
            zeros = (0 * queries.sum()).expand(len(targets), len(pairs))
            return propagate_non_finite(zeros, *(asked.keys for asked in targets))
        rows = queries / temperature
        others = None
        if queue is not None:
            logsumexp = softmax_moments(rows.flatten(0, 1), queue, normalize=not unit_queue).logsumexp
            others = logsumexp.view(rows.shape[:2]).unbind()
        return torch.stack([_terms_of(rows, asked, pairs, others, weights) for asked in targets])


def _terms_of(
    rows: Tensor,
    targets: KeyTargets,
    pairs: Sequence[tuple[int, int]],
    others: Sequence[Tensor] | None,
    weights: TermWeights,
) -> Tensor:
    """(P,) of (V, N, D) queries divided by tau; ``others`` are their log-sum-exps over the queue, None without one."""
    keys = targets.keys.to(rows)
    means = [None] * len(keys) if targets.means is None else targets.means
    rest = _among_keys(rows, keys, pairs) if others is None else [others[query] for query, _ in pairs]
    views = rows.unbind()
    losses = [
        _weighted_terms(views[query], keys[key], means[key], logsumexp, weights)
        for (query, key), logsumexp in zip(pairs, rest, strict=True)
    ]
    return torch.stack(losses).mean(dim=1)


def _among_keys(rows: Tensor, keys: Tensor, pairs: Sequence[tuple[int, int]]) -> list[Tensor]:
    """(N,) of each pair: the query's log-sum-exp over the view's other keys."""
    found: dict[tuple[int, int], Tensor] = {}
    for key in dict.fromkeys(key for _, key in pairs):
        asking = [query for query, of_key in pairs if of_key == key]
        queries = torch.cat([rows[query] for query in asking])
        parts = softmax_moments(queries, keys[key], own=True).logsumexp.view(len(asking), -1)
        found |= {(query, key): part for query, part in zip(asking, parts.unbind(), strict=True)}
    return [found[pair] for pair in pairs]


def _weighted_terms(query: Tensor, key: Tensor, mean: Tensor | None, others: Tensor, weights: TermWeights) -> Tensor:
    """(N,) from the query divided by tau."""
    terms = []
    if _counts(weights.contrastive) or _counts(weights.ceiling):
        margin = (query * key).sum(dim=1) - others
        if _counts(weights.contrastive):
            terms.append(-weights.contrastive * F.logsigmoid(margin))
        if _counts(weights.ceiling):
            terms.append(-weights.ceiling * F.logsigmoid(-margin))
    if weights.asks_relations():
        if mean is None:
            raise ValueError('a relational term needs targets that were made with a temperature')
        terms.append(weights.relational * (others - (query * mean).sum(dim=1)))
    return sum(terms[1:], terms[0]) if terms else 0 * others


def _counts(weight: float | Tensor) -> bool:
    return isinstance(weight, Tensor) or weight != 0


def _others(views: Tensor, queue: Tensor | None) -> bool:
    """Whether there is an image, and anything that its own key is told from."""
    images = views.shape[1]
    return images > 0 and (images > 1 if queue is None else len(queue) > 0)


def _type_of(*tensors: Tensor | None) -> torch.dtype:
    for tensor in tensors:
        if tensor is not None and not tensor.is_floating_point():
            raise ValueError(f'rows to normalise must be floating-point numbers, got {tensor.dtype}')
    return arithmetic_type(tensors)
