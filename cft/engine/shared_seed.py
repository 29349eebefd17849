"""Random numbers that all ranks of a run have in common."""

import numpy as np
import torch
from mmengine.dist import broadcast
from mmengine.runner import Runner


def shared_seed(runner: Runner, *numbers: int) -> int:
    """A seed that follows from the run's seed and ``numbers``, equal on all ranks.

    It is that of the first rank, as with ``randomness.diff_rank_seed`` each
    rank has a seed of its own.

    Args:
        runner: Any.
        numbers: Not negative; each combination gives another seed.

    Example:
        >>> torch.Generator().manual_seed(shared_seed(runner, 1))  # doctest: +SKIP
    """
    seed = torch.tensor([int(np.random.SeedSequence([runner.seed, *numbers]).generate_state(1)[0])])
    broadcast(seed)
    return int(seed)
