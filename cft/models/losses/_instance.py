"""What the instance-level losses share: the candidates of a query."""

import torch

from cft.ops import l2_normalize


def check_views(query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None) -> None:
    """Raise ``ValueError`` unless query and key are (N, D) and the queue (M, D)."""
    if query.dim() != 2 or query.shape != key.shape:
        raise ValueError(f'query and key must both be (N, D), got {tuple(query.shape)} and {tuple(key.shape)}')
    if queue is not None and (queue.dim() != 2 or queue.shape[1] != query.shape[1]):
        raise ValueError(f'queue must be (M, {query.shape[1]}), got {tuple(queue.shape)}')


def candidate_similarities(
    view: torch.Tensor, key: torch.Tensor, queue: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosine similarity of each row to its candidates, and which one is its own key.

    With a queue the candidates of row i are ``[key_i] + queue``, without one
    all keys of the batch. Keys and queue carry no gradient.

    Returns:
        (N, 1 + M) or (N, N) similarities and the boolean mask of the own key.
    """
    view, key = l2_normalize(view), l2_normalize(key.detach())
    if queue is None:
        similarities = view @ key.T
        own = torch.eye(len(view), dtype=torch.bool, device=view.device)
    else:
        queue = l2_normalize(queue.detach())
        similarities = torch.cat([(view * key).sum(dim=1, keepdim=True), view @ queue.T], dim=1)
        own = torch.zeros_like(similarities, dtype=torch.bool)
        own[:, 0] = True
    return similarities, own


def log_softmax_over(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Log-softmax over the True entries of each row; finite also elsewhere."""
    logits = logits.masked_fill(~mask, torch.finfo(logits.dtype).min / 2)
    return logits - logits.logsumexp(dim=1, keepdim=True)


def relation_target(
    key: torch.Tensor, queue: torch.Tensor | None, temperature: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Distribution of each key's similarities to the other candidates, itself left out.

    ReSSL's s^2 (SCE, equation 3). Without any other candidate the row is 0.

    Returns:
        (N, 1 + M) or (N, N) probabilities, 0 at the own key, and the own-key mask.
    """
    similarities, own = candidate_similarities(key.detach(), key, queue)
    target = log_softmax_over(similarities / temperature, ~own).exp()
    return target.masked_fill(own, 0.0), own
