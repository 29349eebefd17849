"""Up to how many rows all similarities are held at once."""

# CPU time of the tiles over that of all pairs, one thread of an EPYC, 256 channels, float32, at 256, 512, 1,024 rows:
# SupCon 1.44, 1.13, 0.78; focal with own candidates 1.34, 1.05, 0.68; SCHaNe 0.81, 0.58, 0.33.
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
