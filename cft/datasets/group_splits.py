"""Hold out whole groups, such as patients or videos, the same ones every time."""

import hashlib
from collections import Counter
from collections.abc import Sequence


def held_out_groups(groups: Sequence[str], fraction: float, seed: int) -> set[str]:
    """Choose groups whose samples are about ``fraction`` of all; no group is parted.

    The groups come in an order of their names' hashes. Each is held out if that
    brings the number of held-out samples nearer to what is asked for, so that a
    large group is not taken where small ones do. At least one group is held
    out, and one is left. The choice depends on the seed, the names and the
    sizes, and not on the order of the samples. Where all groups are of one
    sample, a new sample moves at most one other from one side to the other.

    Args:
        groups: Name of the group of each of N samples.
        fraction: Part of the samples, in (0, 1).
        seed: Of the order.

    Returns:
        Names of the groups that are held out.

    Raises:
        ValueError: If there are fewer than two groups, or ``fraction`` is out of range.

    Example:
        >>> len(held_out_groups(['anna', 'anna', 'bert', 'carl', 'dora'], fraction=0.2, seed=0))
        1
    """
    if not 0 < fraction < 1:
        raise ValueError(f'fraction must lie between 0 and 1, got {fraction}')
    sizes = Counter(groups)
    if len(sizes) < 2:
        raise ValueError(f'{len(sizes)} groups cannot be divided; give two or more')
    wanted, taken = fraction * len(groups), 0
    order = sorted(sizes, key=lambda name: _place(name, seed))
    chosen: set[str] = set()
    for name in order:
        if abs(taken + sizes[name] - wanted) < abs(taken - wanted) and len(chosen) + 1 < len(sizes):
            chosen.add(name)
            taken += sizes[name]
    # Where the smallest is already too large.
    return chosen or {min(order, key=lambda name: sizes[name])}


def _place(name: str, seed: int) -> bytes:
    return hashlib.sha256(f'{seed}/{name}'.encode(errors='surrogateescape')).digest()
