"""The counts that the preparation demands are those that the papers and the home pages print."""

import pytest

from cft.datasets.preparation.classification.by_name import list_image_sets
from cft.datasets.preparation.classification.image_sets import IMAGE_SETS, OTHER_SETS
from cft.datasets.preparation.classification.prepare import READERS
from tests.support.classification_downloads import WRITERS

SETS = IMAGE_SETS | OTHER_SETS
# Core-tuning, appendix C.2: classes, training images, test images.
CORE_TUNING = {
    'imagenet20': (20, 18494, 7854),
    'cifar10': (10, 50000, 10000),
    'cifar100': (100, 50000, 10000),
    'caltech101': (102, 3060, 6084),
    'dtd': (47, 3760, 1880),
    'aircraft': (100, 6667, 3333),
    'cars': (196, 8144, 8041),
    'pets': (37, 3680, 3369),
    'flowers': (102, 6552, 818),
    'inat18': (8142, 437513, 24426),
}
# 7,349 images in all (Parkhi et al., CVPR 2012, section 2), of which 3,680 train: the table's 3,369 is a misprint.
PETS = 7349
# The home pages.
HOME_PAGES = {
    'flowers102': (102, 1020 + 1020, 6149),
    'inat17': (5089, 579184, 95986),
    'cub': (200, 5994, 11788 - 5994),
    'places365': (365, 1803460, 365 * 100),
    'food101': (101, 101 * 750, 101 * 250),
    'sun397': (397, 397 * 50, 397 * 50),
    'imagenet': (1000, 1281167, 1000 * 50),
    'voc07': (20, 2501 + 2510, 4952),
    'caltech256': (257, 257 * 60, 30607 - 257 * 60),
}


def test_core_tuning() -> None:
    differing = {
        name: (SETS[name].classes, SETS[name].train, SETS[name].test)
        for name, printed in CORE_TUNING.items()
        if (SETS[name].classes, SETS[name].train, SETS[name].test) != printed
    }
    assert differing == {'pets': (37, 3680, PETS - 3680)}
    assert 'misprint' in SETS['pets'].reading


@pytest.mark.parametrize('name', sorted(HOME_PAGES))
def test_home_pages(name: str) -> None:
    assert (SETS[name].classes, SETS[name].train, SETS[name].test) == HOME_PAGES[name]


def test_sums_of_the_parts() -> None:
    """Imagenette and Imagewoof, Caltech-101 with its background, and the copy of the flowers with its test."""
    assert (SETS['imagenet20'].train, SETS['imagenet20'].test) == (9469 + 9025, 3925 + 3929)
    assert SETS['caltech101'].train == 30 * 102 and SETS['caltech101'].test == 9144 - 30 * 102
    assert SETS['flowers'].train + SETS['flowers'].test + 819 == 8189
    assert SETS['flowers102'].train + SETS['flowers102'].test == 8189


def test_every_data_set_has_a_reader_and_a_miniature() -> None:
    assert not IMAGE_SETS.keys() & OTHER_SETS.keys()
    assert READERS.keys() == IMAGE_SETS.keys() == WRITERS.keys()
    assert CORE_TUNING.keys() | HOME_PAGES.keys() == SETS.keys()


def test_list_tells_pages_and_readings(console) -> None:
    list_image_sets(console)
    text = console.file.getvalue()
    for name, wanted in SETS.items():
        assert f'{name}: {wanted.title}, {wanted.page}' in text and wanted.reading in text
        assert f'{wanted.train:,}' in text and all((part.archive or part.place) in text for part in wanted.parts)
