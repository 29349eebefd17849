"""Up to how many rows all similarities are held at once."""

# CPU time of one thread (EPYC, 256 channels, float32) of the tiles over that of all pairs: at 1,024 rows SupCon 1.0,
# focal 0.8, SCHaNe 0.5; at 2,048 rows 0.6, 0.5, 0.3. Below 512 rows, all pairs take fewer operations.
ALL_PAIRS_ROWS = 512


def hold_all_pairs(counts: list[int]) -> bool:
    """Whether batches of this size are faster with all similarities held.

    Args:
        counts: Number of rows on each rank.

    Example:
        >>> hold_all_pairs([256, 256]), hold_all_pairs([4096])
        (True, False)
    """
    return sum(counts) <= ALL_PAIRS_ROWS
