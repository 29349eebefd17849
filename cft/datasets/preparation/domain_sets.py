"""What is published about PACS, VLCS and Office-Home."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Domain:
    """Published size of a domain, and how distributions spell its folder.

    Attributes:
        images: Number of images.
        spellings: Small letters and digits only.
    """

    images: int
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class DomainSet:
    """A data set of several domains with the same classes.

    Attributes:
        classes: Number of classes.
        source: Where it comes from.
        domains: By the name of the folder that configs use.
    """

    classes: int
    source: str
    domains: Mapping[str, Domain]


# The sums are those of Core-tuning, table 3: 9,991, 10,729 and 15,588 images.
DOMAIN_SETS = {
    'pacs': DomainSet(
        7,
        'PACS (Li et al., ICCV 2017) from https://domaingeneralization.github.io/#data',
        {
            'art_painting': Domain(2048, ('artpainting', 'art')),
            'cartoon': Domain(2344, ('cartoon', 'cartoons')),
            'photo': Domain(1670, ('photo', 'photos')),
            'sketch': Domain(3929, ('sketch', 'sketches')),
        },
    ),
    'vlcs': DomainSet(
        5,
        'VLCS (Fang et al., ICCV 2013) from http://www.cs.dartmouth.edu/~chenfang/proj_page/FXR_iccv13/; '
        'as image folders from https://github.com/facebookresearch/DomainBed',
        {
            'Caltech101': Domain(1415, ('caltech101', 'caltech')),
            'LabelMe': Domain(2656, ('labelme',)),
            'SUN09': Domain(3282, ('sun09', 'sun')),
            'VOC2007': Domain(3376, ('voc2007', 'voc', 'pascal', 'pascalvoc', 'pascalvoc2007')),
        },
    ),
    'officehome': DomainSet(
        65,
        'Office-Home (Venkateswara et al., CVPR 2017) from https://www.hemanthdv.org/officeHomeDataset.html',
        {
            'Art': Domain(2427, ('art',)),
            'Clipart': Domain(4365, ('clipart',)),
            'Product': Domain(4439, ('product', 'products')),
            'RealWorld': Domain(4357, ('realworld', 'real')),
        },
    ),
}
