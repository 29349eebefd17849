"""By which numbers the samples of a data set are known."""

import numpy as np
from torch.utils.data import Dataset

from cft.errors import ConfigError


def numbered_samples(dataset: Dataset) -> int:
    """Number of values that ``sample_idx`` takes in a data set; 0 to this number minus 1.

    Looks at a few samples. Subsets with ``dataset`` and ``indices``, such as
    :class:`cft.datasets.StratifiedSubset`, keep the numbers of the data set
    that they are part of.

    Raises:
        ConfigError: If samples have no number, or several may have the same, as
            in a concatenation.

    Example:
        >>> numbered_samples(Digits(pipeline=[dict(type='PackInputs')]))  # doctest: +SKIP
        1000
    """
    for position in sorted(set(np.linspace(0, len(dataset) - 1, num=5, dtype=int).tolist())):
        source, expected = dataset, position
        while hasattr(source, 'indices') and hasattr(source, 'dataset'):
            source, expected = source.dataset, int(source.indices[expected])
        found = getattr(dataset[position].get('data_samples'), 'sample_idx', None)
        if found is None:
            raise ConfigError(
                'the training images come without the sample_idx by which their clusters are found; '
                "name it in the pipeline: dict(type='PackInputs', meta_keys=('sample_idx', 'img_path'))"
            )
        if found != expected:
            raise ConfigError(
                f'sample {position} of {type(dataset).__name__} has sample_idx={found}: images that share a number '
                'would share their clusters; list all images in one data set instead of joining or repeating several'
            )
    return len(source)
