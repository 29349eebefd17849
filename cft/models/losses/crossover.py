"""Up to how many rows all similarities are held at once."""

# On two cores, 256 channels, float32 and CPU time of one thread, all pairs took 0.7 of the tiles' time for SupCon
# at 1,024 rows and 1.2 to 1.4 of it at 2,048 (tools/benchmarks/losses.py); they hold some 30 MiB at 1,024.
ALL_PAIRS_ROWS = 1024


def hold_all_pairs(counts: list[int]) -> bool:
    """Whether batches of this size are faster with all similarities held.

    Args:
        counts: Number of rows on each rank.

    Example:
        >>> hold_all_pairs([256, 256]), hold_all_pairs([4096])
        (True, False)
    """
    return sum(counts) <= ALL_PAIRS_ROWS
