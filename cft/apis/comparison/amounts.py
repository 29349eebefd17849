"""Amounts of labels, as people type them and as tables call them."""

import re

from cft.errors import ConfigError

# Of the labels of each class: a number, a part in (0, 1), or None for all.
Amount = int | float | None


def read_amount(text: str) -> Amount:
    """An amount of labels as people type it.

    Raises:
        ConfigError: If it is none.

    Example:
        >>> [read_amount(text) for text in ('5', '1%', 'all')]
        [5, 0.01, None]
    """
    if text == 'all':
        return None
    if re.fullmatch(r'[1-9]\d*', text):
        return int(text)
    percent = float(text[:-1]) if re.fullmatch(r'\d+(\.\d+)?%', text) else 0
    if not 0 < percent < 100:
        raise ConfigError(f'labels={text}: give whole numbers of each class, parts or all, as in 5,10%,all')
    return percent / 100


def amount_label(amount: Amount) -> int | str:
    """What records and tables call an amount; a number stays one.

    Example:
        >>> [amount_label(amount) for amount in (5, 0.01, None)]
        [5, '1%', 'all']
    """
    if amount is None:
        return 'all'
    return f'{100 * amount:g}%' if isinstance(amount, float) else amount
