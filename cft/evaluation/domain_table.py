"""The table of domain generalisation: methods by held-out domains."""

from collections.abc import Sequence

import numpy as np


def domain_table(results: Sequence[dict]) -> str:
    """Test accuracy on each held-out domain and its mean over the domains, per cent.

    With several seeds a cell is mean ± sample standard deviation over them; in
    the last column each seed's mean over the domains counts as one value.
    The layout is that of table 4 of Core-tuning's appendix.

    Args:
        results: Dicts with ``method``, ``test_domain``, ``seed`` and ``test``,
            one for each combination of the values that occur.

    Returns:
        A Markdown table whose columns are aligned for a terminal as well.

    Raises:
        ValueError: If a combination is missing or there twice.

    Example:
        >>> print(domain_table([
        ...     dict(method='ce', test_domain='photo', seed=0, test=68.76),
        ...     dict(method='ce', test_domain='sketch', seed=0, test=48.91)]))
        | method | photo | sketch |  Avg. |
        | ------ | ----: | -----: | ----: |
        | ce     | 68.76 |  48.91 | 58.84 |
    """
    methods, domains, seeds = (
        list(dict.fromkeys(r[key] for r in results)) for key in ('method', 'test_domain', 'seed')
    )
    accuracy = {(result['method'], result['test_domain'], result['seed']): result['test'] for result in results}
    if not len(accuracy) == len(results) == len(methods) * len(domains) * len(seeds):
        raise ValueError('there must be one result for each method, test domain and seed')
    rows = []
    for method in methods:
        values = np.array([[accuracy[method, domain, seed] for domain in domains] for seed in seeds])
        columns = [*values.T, values.mean(axis=1)]
        rows.append([method, *map(_cell, columns)])
    return _markdown(['method', *domains, 'Avg.'], rows)


def _cell(values: np.ndarray) -> str:
    """Mean over the seeds, with the spread if there are several."""
    mean = f'{values.mean():.2f}'
    return mean if len(values) == 1 else f'{mean} ± {values.std(ddof=1):.2f}'


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    """Text at the left, numbers at the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ['-' * widths[0], *('-' * (width - 1) + ':' for width in widths[1:])]
    lines = [
        [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]
        for cells in [header, *rows]
    ]
    return '\n'.join(f'| {" | ".join(cells)} |' for cells in [lines[0], rule, *lines[1:]])
