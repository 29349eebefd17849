"""Which views of an image are compared with which."""


def view_pairs(num_views: int, symmetric: bool) -> list[tuple[int, int]]:
    """Pairs (query view, key view) of a siamese loss.

    Views 0 and 1 are global, further ones local crops. View 1 is the key of
    all others; with a symmetric loss view 0 is one as well. No view is
    compared with itself, and local crops are never keys (SCE, section 4.3).

    Args:
        num_views: Number of views, at least 2.
        symmetric: Whether both global views serve as keys.

    Returns:
        The pairs, grouped by key; the loss is the mean over them.

    Raises:
        ValueError: For fewer than two views.

    Example:
        >>> view_pairs(2, symmetric=False), view_pairs(2, symmetric=True)
        ([(0, 1)], [(0, 1), (1, 0)])
        >>> view_pairs(3, symmetric=True)
        [(0, 1), (2, 1), (1, 0), (2, 0)]
    """
    if num_views < 2:
        raise ValueError(
            f'expected at least two views of each image, got {num_views}; '
            'put MultiView with two pipelines into the data config'
        )
    queries = [view for view in range(num_views) if symmetric or view != 1]
    return [(query, key) for key in ((1, 0) if symmetric else (1,)) for query in queries if query != key]
