"""Times and memory as people write them."""


def shown_time(seconds: float) -> str:
    """A time span in the unit that people would take.

    Example:
        >>> [shown_time(seconds) for seconds in (0.5, 55, 400, 22000)]
        ['0.5 s', '55 s', '6.7 min', '6.1 h']
    """
    for size, unit in ((3600, 'h'), (60, 'min')):
        if seconds >= 1.5 * size:
            return f'{seconds / size:.1f} {unit}'
    return f'{seconds:.0f} s' if seconds >= 10 else f'{seconds:.1f} s'


def shown_memory(number: float) -> str:
    """Bytes in gigabytes.

    Example:
        >>> shown_memory(1_230_000_000)
        '1.2 GB'
    """
    return f'{number / 1e9:.1f} GB'
