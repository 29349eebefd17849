"""The split lists of PASCAL VOC, and their comparison with the files."""

from dataclasses import dataclass
from pathlib import Path

from cft.datasets.preparation.completeness import Finding, some
from cft.datasets.preparation.folders import usable_names
from cft.datasets.preparation.text_lists import read_lines

ARCHIVES = ('VOCtrainval_06-Nov-2007.tar', 'VOCtest_06-Nov-2007.tar', 'VOCtrainval_11-May-2012.tar')
SBD_ARCHIVE = 'benchmark.tgz'
VOC07_PAGE = 'http://host.robots.ox.ac.uk/pascal/VOC/voc2007/'
VOC12_SOURCE = f'{ARCHIVES[2]} from http://host.robots.ox.ac.uk/pascal/VOC/voc2012/'
SBD_SOURCE = (
    f'{SBD_ARCHIVE} (SBD) from https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/'
    'semantic_contours/, described at http://home.bharathh.info/pubs/codes/SBD/download.html'
)


@dataclass(frozen=True)
class Split:
    """A split list, and the folder in which each of its names has an annotation.

    Attributes:
        part: What ``--need`` calls it.
        year: Its folder, ``VOC2007`` or ``VOC2012``.
        subset: What to call it within the year.
        names: The list, below ``ImageSets``.
        labels: Folder of the annotations or masks.
        suffix: That of the files there.
        expected: Published number of images.
        purpose: What it is needed for.
        source: Download and home page.
    """

    part: str
    year: str
    subset: str
    names: str
    labels: str
    suffix: str
    expected: int
    purpose: str
    source: str

    @property
    def title(self) -> str:
        return f'{self.year} {self.subset}'


DETECTION = ('Annotations', '.xml')
MASKS = ('SegmentationClass', '.png')
AUGMENTED = ('SegmentationClassAug', '.png')
VOC07_USE, VOC12_USE, SEG_USE, AUG_USE = (
    'detection, classification',
    'detection',
    'segmentation',
    'augmented segmentation',
)
VOC07_TRAINVAL, VOC07_TEST = (f'{name} from {VOC07_PAGE}' for name in ARCHIVES[:2])
SPLITS = (
    Split('voc07', 'VOC2007', 'trainval', 'Main/trainval', *DETECTION, 5011, VOC07_USE, VOC07_TRAINVAL),
    Split('voc07', 'VOC2007', 'test', 'Main/test', *DETECTION, 4952, VOC07_USE, VOC07_TEST),
    Split('voc12', 'VOC2012', 'trainval', 'Main/trainval', *DETECTION, 11540, VOC12_USE, VOC12_SOURCE),
    Split('voc12', 'VOC2012', 'seg train', 'Segmentation/train', *MASKS, 1464, SEG_USE, VOC12_SOURCE),
    Split('voc12', 'VOC2012', 'seg val', 'Segmentation/val', *MASKS, 1449, SEG_USE, VOC12_SOURCE),
    Split('trainaug', 'VOC2012', 'seg trainaug', 'Segmentation/trainaug', *AUGMENTED, 10582, AUG_USE, SBD_SOURCE),
    Split('trainaug', 'VOC2012', 'seg val, augmented masks', 'Segmentation/val', *AUGMENTED, 1449, AUG_USE, SBD_SOURCE),
)


def check_split(devkit: Path, split: Split) -> Finding:
    """Compare a split with the files on the disk, name by name.

    Args:
        devkit: The folder VOCdevkit.
        split: What to check.

    Returns:
        ``found`` counts the names with a non-empty image and annotation; it is
        None if the list or one of the two folders is missing.
    """
    folder = devkit / split.year
    listing = folder / 'ImageSets' / f'{split.names}.txt'
    needed = (listing, folder / 'JPEGImages', folder / split.labels)
    absent = [str(path) for path in needed if not path.exists()]
    found, problems = None, [f'no {", ".join(absent)}']
    if not absent:
        names = read_names(listing)
        images, labels = usable_names(folder / 'JPEGImages'), usable_names(folder / split.labels)
        missing = {
            folder / 'JPEGImages': [f'{name}.jpg' for name in names if f'{name}.jpg' not in images],
            folder / split.labels: [file for file in (name + split.suffix for name in names) if file not in labels],
        }
        problems = [
            f'{len(files):,} of {len(names):,} files missing or empty in {place}: {some(files)}'
            for place, files in missing.items()
            if files
        ]
        if len(set(names)) != split.expected:
            problems.append(f'{listing} has {len(set(names)):,} names, {split.expected:,} expected')
        found = sum(f'{name}.jpg' in images and name + split.suffix in labels for name in set(names))
    return Finding(
        split.part, split.title, split.expected, found, split.purpose, split.source, problems=tuple(problems)
    )


def read_names(path: Path) -> list[str]:
    """First word of each line of a split list."""
    return [line.split()[0] for line in read_lines(path)]
