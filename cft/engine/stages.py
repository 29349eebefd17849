"""Divide a run into stages by fractions of its iterations."""

import bisect
from collections.abc import Sequence

from cft.errors import ConfigError


def stage_starts(fractions: Sequence[float | None], max_iters: int) -> list[int]:
    """First iteration of each stage.

    Args:
        fractions: Length of each stage as a fraction of the run; the last may
            be None, meaning the rest.
        max_iters: Iterations of the run.

    Returns:
        Increasing iteration numbers, the first 0.

    Raises:
        ValueError: If a fraction is not in (0, 1], only the last may be None,
            or they do not add up to 1.

    Example:
        >>> stage_starts([0.7, None], max_iters=100)
        [0, 70]
    """
    if not fractions:
        raise ConfigError('stages is empty; give at least one stage')
    if any(fraction is None for fraction in fractions[:-1]):
        raise ConfigError('every stage but the last needs a fraction of the run, such as fraction=0.7')
    known = [fraction for fraction in fractions if fraction is not None]
    if any(not 0 < fraction <= 1 for fraction in known):
        raise ConfigError(f'stage fractions must lie in (0, 1], got {known}')
    total = sum(known)
    if total > 1 + 1e-6 or (fractions[-1] is not None and total < 1 - 1e-6):
        raise ConfigError(f'stage fractions {known} add up to {total:g}, not to 1; drop the last one to mean the rest')
    starts = [0]
    for index in range(1, len(fractions)):
        starts.append(round(sum(known[:index]) * max_iters))
    return starts


def stage_at(starts: Sequence[int], iteration: int) -> int:
    """Index of the stage that contains ``iteration`` (the one before its update)."""
    return bisect.bisect_right(starts, iteration) - 1
