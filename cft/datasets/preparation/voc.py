"""PASCAL VOC 2007 and 2012 for detection, classification and segmentation."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cft.datasets.preparation.archives import unpack
from cft.datasets.preparation.completeness import report_findings
from cft.datasets.preparation.folders import link_missing_files
from cft.datasets.preparation.sbd import build_trainaug
from cft.datasets.preparation.voc_splits import ARCHIVES, MASKS, SBD_ARCHIVE, SPLITS, Split, check_split
from cft.errors import ConfigError


def prepare_voc(
    downloads: Path | None,
    devkit: Path,
    needed: Sequence[str],
    console: Console,
    splits: Sequence[Split] = SPLITS,
) -> None:
    """Bring VOC into one VOCdevkit and report what it holds.

    Args:
        downloads: Folder with archives or unpacked folders; None only checks.
        devkit: The folder VOCdevkit to fill.
        needed: Parts (``part`` of the splits) that must be there.
        console: Where progress and the report go.
        splits: What is expected.

    Raises:
        ConfigError: If the downloads are damaged, or something is missing in the end.

    Example:
        >>> prepare_voc(Path('downloads'), Path('data/VOCdevkit'), ['voc12'], Console())  # doctest: +SKIP
    """
    source = None
    if downloads is not None:
        source = _take_voc(downloads, devkit, console)
    findings = [check_split(devkit, split) for split in splits]
    if source is not None and not all(line.complete for line in findings if line.part == 'trainaug'):
        masks = [line for line, split in zip(findings, splits, strict=True) if split.labels == MASKS[0]]
        if all(line.complete for line in masks):
            build_trainaug(devkit / 'VOC2012', source, devkit, console)
            findings = [check_split(devkit, split) for split in splits]
        else:
            console.print(f'{source.name} waits for the segmentation masks of VOC2012', highlight=False)
    report_findings(findings, needed, console)


def _take_voc(downloads: Path, devkit: Path, console: Console) -> Path | None:
    """Link and unpack what there is of VOC; the SBD archive or folder, if there is one."""
    if not downloads.is_dir():
        raise ConfigError(f'no folder {downloads}; give the folder that holds {", ".join(ARCHIVES)}')
    folders = _find(downloads, ('VOC2007', 'VOC2012'), 'ImageSets')
    archives = [downloads / name for name in ARCHIVES if (downloads / name).is_file()]
    sbd = _find(downloads, ('dataset', 'VOCaug'), 'cls')
    sbd += [downloads / SBD_ARCHIVE] if (downloads / SBD_ARCHIVE).is_file() else []
    if not folders and not archives and not sbd:
        raise ConfigError(
            f'{downloads} holds neither {", ".join([*ARCHIVES, SBD_ARCHIVE])} nor VOCdevkit or benchmark_RELEASE; '
            'give the folder of the downloads'
        )
    for folder in folders:
        count = link_missing_files(folder, devkit / folder.name, devkit)
        if count:
            console.print(f'linked {count:,} files of {folder}', highlight=False)
    for archive in archives:
        unpack(archive, 'VOCdevkit', devkit, devkit, console)
    return sbd[0] if sbd else None


def _find(downloads: Path, names: Sequence[str], content: str) -> list[Path]:
    """Folders of one of these names, at most two levels down, that have a sub-folder ``content``."""
    places = [place for name in names for depth in ('', '*/', '*/*/') for place in sorted(downloads.glob(depth + name))]
    places += [downloads] if downloads.name in names else []
    return [place for place in places if (place / content).is_dir()]
