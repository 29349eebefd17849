"""How many images the batches of a data loader have."""

from torch.utils.data import BatchSampler, DataLoader

from cft.engine.seeded_batches import SeededBatches


def batch_size_of(loader: DataLoader) -> int | None:
    """The number that the loader was given, of each process; None if it has none.

    Example:
        >>> batch_size_of(DataLoader([1, 2, 3], batch_size=2))
        2
    """
    return loader.batch_size or getattr(loader.batch_sampler, 'batch_size', None)


def drops_last(loader: DataLoader) -> bool:
    """Whether an incomplete batch at the end is left out."""
    return getattr(loader.batch_sampler, 'drop_last', loader.drop_last)


def fixed_batch_size(loader: DataLoader) -> int | None:
    """The size of every batch of this process; None if one may have another.

    Example:
        >>> [fixed_batch_size(DataLoader([1, 2, 3], batch_size=2, drop_last=drop)) for drop in (True, False)]
        [2, None]
    """
    batches = loader.batch_sampler
    if isinstance(batches, SeededBatches):
        batches = batches.batch_sampler
    # Of batch samplers of other kinds one cannot tell.
    return batches.batch_size if type(batches) is BatchSampler and batches.drop_last else None
