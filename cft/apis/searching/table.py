"""The trials of a search as a table for a terminal."""

from .searching import SearchResult


def search_table(found: SearchResult) -> str:
    """Trials from the best to the worst, how much each parameter mattered, and where the best config is.

    Args:
        found: The search.

    Example:
        >>> print(search_table(found))  # doctest: +SKIP
    """
    names = max((list(trial.point) for trial in found.trials), key=len)
    sign = 1 if all((t.value or 0) <= (found.best.value or 0) for t in found.trials if t.value is not None) else -1
    order = sorted(found.trials, key=lambda t: (t.value is None, -sign * (t.value or 0.0), t.number))
    rows = [['trial', found.metric, *names]]
    for trial in order:
        spread = f' ± {trial.spread:.2f}' if len(trial.values) > 1 else ''
        value = trial.state if trial.value is None else f'{trial.value:.2f}{spread}'
        point = [_short(trial.point[name]) if name in trial.point else 'own' for name in names]
        rows.append([str(trial.number), value, *point])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ['  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if found.importances:
        shares = ', '.join(f'{name} {share:.0%}' for name, share in found.importances.items())
        lines.append(f'\nimportance (fANOVA): {shares}')
    own = next((trial for trial in found.trials if trial.number == 0 and trial.value is not None), None)
    gain = f", the config's own values {own.value:.2f}" if own and own is not found.best else ''
    lines.append(f'\nbest: trial {found.best.number}, {found.metric} {found.best.value:.2f} on validation{gain}')
    lines.append(f'cft train {found.config}  trains it; the test split then says what it is worth')
    return '\n'.join(lines)


def _short(value: object) -> str:
    return f'{value:.4g}' if isinstance(value, float) else str(value)
