"""The published class splits of few-shot benchmarks: no class of validation or test is trained on."""

from pathlib import Path

from cft.datasets.preparation.text_lists import read_lines
from cft.errors import ConfigError

# Each file tells its source.
SETS = ('cifar_fs', 'fc100', 'miniimagenet', 'tieredimagenet')
SPLITS = ('train', 'val', 'test')


def few_shot_classes(name: str) -> list[str]:
    """Classes of a split, by CIFAR-100's names or ImageNet's WordNet ids.

    Args:
        name: Of the benchmark and the split, such as ``'cifar_fs/train'``.

    Raises:
        ConfigError: If there is no such benchmark or split.

    Example:
        >>> [len(few_shot_classes(f'cifar_fs/{split}')) for split in SPLITS]
        [64, 16, 20]
    """
    benchmark, _, split = name.partition('/')
    if benchmark not in SETS or split not in SPLITS:
        raise ConfigError(f'no class split {name!r}; there are NAME/train, NAME/val and NAME/test of {", ".join(SETS)}')
    lines = read_lines(Path(__file__).with_name(f'{benchmark}.txt'))
    pairs = [line.split(maxsplit=1) for line in lines if not line.startswith('#')]
    return [label for part, label in pairs if part == split]


def is_few_shot_split(name: str) -> bool:
    """Whether a list of classes is one of these.

    Example:
        >>> is_few_shot_split('fc100/val'), is_few_shot_split('lists/train')
        (True, False)
    """
    return name.partition('/')[0] in SETS
