"""Hold out whole groups so that each class is on both sides."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

from cft.errors import DataError


def held_out_samples(labels: Sequence[Sequence[int]], groups: Sequence[str], fraction: float, seed: int) -> set[int]:
    """Choose samples, whole groups of them, that are about ``fraction`` of each class.

    Iterative stratification (Sechidis, Tsoumakas, Vlahavas, ECML 2011) on
    groups: the class in the fewest groups chooses first. Groups come in an
    order of their names' hashes, and one is held out if that brings the number
    of held-out samples of the class nearer to what is asked for, and no other
    of its classes has enough. Each class keeps a group in training, and has one held out where it has two that no
    other class needs. Samples without labels count as a class of their own.

    Args:
        labels: The classes of each of N samples: one, several or none.
        groups: Name of the group of each; one of its own for samples that belong to nobody else.
        fraction: Part of each class, in (0, 1).
        seed: Of the order.

    Returns:
        Indices of the samples that are held out.

    Raises:
        ValueError: If nothing can be held out, as with one group for each class.

    Example:
        >>> len(held_out_samples([[0], [0], [0], [1], [1]], ['anna', 'anna', 'bert', 'carl', 'dora'], 0.3, seed=0))
        2
    """
    members: defaultdict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    counts = {
        group: Counter(label for index in indices for label in labels[index] or [-1])
        for group, indices in members.items()
    }
    total = sum(counts.values(), Counter[int]())
    in_groups = Counter(label for count in counts.values() for label in count)
    order = sorted(counts, key=lambda group: _place(group, seed))
    held: Counter[int] = Counter()
    chosen: set[str] = set()
    for label in sorted(in_groups, key=lambda label: (in_groups[label], label)):
        wanted = fraction * total[label]
        possible = [group for group in order if counts[group][label] and group not in chosen]
        for group in possible:
            nearer = abs(held[label] + counts[group][label] - wanted) < abs(held[label] - wanted)
            if nearer and all(held[other] < fraction * total[other] for other in counts[group]):
                _take(group, counts, held, in_groups, chosen)
        if not held[label]:
            # Where the smallest is already too large.
            for group in sorted(possible, key=lambda group: counts[group][label]):
                if _take(group, counts, held, in_groups, chosen):
                    break
    if not chosen:
        raise ValueError('no group can be held out so that each class keeps one')
    return {index for group in chosen for index in members[group]}


def _take(
    group: str, counts: dict[str, Counter[int]], held: Counter[int], left: Counter[int], chosen: set[str]
) -> bool:
    """Hold a group out, unless one of its classes has no other left."""
    if any(left[label] < 2 for label in counts[group]):
        return False
    chosen.add(group)
    held.update(counts[group])
    left.subtract(counts[group].keys())
    return True


def _place(group: str, seed: int) -> bytes:
    return hashlib.sha256(f'{seed}/{group}'.encode(errors='surrogateescape')).digest()


def held_out_groups_of(
    groups: Sequence[str],
    labels: Sequence[Sequence[int]],
    fraction: float,
    seed: int,
    where: str,
    what: str = 'validation',
) -> set[int]:
    """As :func:`cft.datasets.stratified_groups.held_out_samples`, with an error that names the data and the split.

    Raises:
        DataError: If nothing can be held out.
    """
    try:
        return held_out_samples(labels, groups, fraction, seed)
    except ValueError as error:
        raise DataError(f'{where}: no {what} split can be made: {error}; name one yourself') from error


def told_groups(groups: Sequence[str], held_out: set[int], where: str, what: str = 'validation') -> str:
    """One line for the log: how many groups and images are held out."""
    chosen = {groups[index] for index in held_out}
    return (
        f'{where}: {len(chosen)} of {len(set(groups))} groups are held out for {what}, '
        f'{len(held_out)} of {len(groups)} images'
    )
