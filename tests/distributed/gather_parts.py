"""How the joined batch of ten rows is divided between two ranks."""

import torch.distributed as dist

SIZES = {'equal': (5, 5), 'unequal': (3, 7), 'unequal, first longer': (8, 2), 'one rank empty': (10, 0)}


def own_rows(sizes: tuple[int, int]) -> slice:
    """The rows of the joined batch that this rank holds."""
    start = sum(sizes[: dist.get_rank()])
    return slice(start, start + sizes[dist.get_rank()])
