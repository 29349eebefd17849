"""What a comparison costs, and how many draws fit into a time."""

import re
from collections.abc import Mapping

from cft.engine.run_cost import in_time
from cft.errors import ConfigError
from cft.evaluation.comparison import FEWEST_PAIRS

UNITS = {'s': 1, 'm': 60, 'min': 60, 'h': 3600, 'd': 86400}
PART = re.compile(r'(\d+(?:\.\d+)?)\s*(s|min|m|h|d)')


def read_duration(text: str) -> float:
    """Seconds of a duration as people write it.

    Raises:
        ConfigError: If it is none.

    Example:
        >>> read_duration('2h'), read_duration('1h30min'), read_duration('90s')
        (7200.0, 5400.0, 90.0)
    """
    parts = PART.findall(text)
    if not parts or PART.sub('', text).strip():
        raise ConfigError(f'budget={text}: write a duration such as 2h, 1h30min or 90s')
    return float(sum(float(number) * UNITS[unit] for number, unit in parts))


def total_seconds(by_row: Mapping[str, float], trials: int, seeds: int, width: int) -> float:
    """Time of all runs, so many at a time.

    Args:
        by_row: What a run of each row takes.
        trials: Settings that are tried for each row.
        seeds: Draws that are reported.
        width: Runs at a time.

    Example:
        >>> total_seconds({'ce': 10.0, 'scl': 14.0}, trials=8, seeds=5, width=2)
        156.0
    """
    return sum(by_row.values()) * (trials + seeds) / width


def seeds_within(
    budget: float, by_row: Mapping[str, float], trials: int, seeds: int, width: int, fewest: int = FEWEST_PAIRS
) -> int:
    """The number of draws that a budget allows; every row keeps all its trials.

    Args:
        budget: Seconds, for all of it from the beginning.
        by_row: As of :func:`total_seconds`.
        trials: Settings that are tried for each row.
        seeds: Draws that were asked for.
        width: Runs at a time.
        fewest: With less a comparison says nothing.

    Raises:
        ConfigError: If not even that few fit.

    Example:
        >>> seeds_within(150, {'ce': 10.0, 'scl': 14.0}, trials=8, seeds=5, width=2)
        4
    """
    fewest = min(fewest, seeds)
    for number in range(seeds, fewest - 1, -1):
        if total_seconds(by_row, trials, number, width) <= budget:
            return number
    needed = total_seconds(by_row, trials, fewest, width)
    raise ConfigError(
        f'budget: {len(by_row)} rows of {trials} trials and {fewest} draws take about {in_time(needed)}, and the '
        f'budget is {in_time(budget)}; give that time, fewer methods or shorter runs (epochs=...). What is finished '
        'is kept'
    )
