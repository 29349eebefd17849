"""Which samples are in a batch, in words."""

from collections.abc import Sequence


def sample_names(data_samples: object) -> list[str]:
    """File of each sample of a batch, or its number where there is no file.

    Args:
        data_samples: Of any OpenMMLab library; anything else has no names.

    Example:
        >>> from mmpretrain.structures import DataSample
        >>> sample_names([DataSample(metainfo={'img_path': 'a.jpg'}), DataSample(metainfo={'sample_idx': 7})])
        ['a.jpg', 'sample 7']
    """
    return [_name(sample) for sample in data_samples] if isinstance(data_samples, Sequence) else []


def _name(sample: object) -> str:
    path = getattr(sample, 'img_path', None)
    if path is not None:
        return str(path)
    number = getattr(sample, 'sample_idx', None)
    return 'a sample without a name' if number is None else f'sample {number}'
