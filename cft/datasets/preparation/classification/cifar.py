"""CIFAR-10 and CIFAR-100: every file has a published sum, which is compared before anything reads it."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from cft.datasets.preparation.classification.downloads import md5_of, take_parts
from cft.datasets.preparation.classification.image_sets import OTHER_SETS, Part
from cft.datasets.preparation.completeness import Finding, report_findings


@dataclasses.dataclass(frozen=True)
class Cifar:
    """The files of one of the two.

    Attributes:
        part: Folder and archive.
        sums: Of the files of each split, by their names.
    """

    part: Part
    sums: Mapping[str, Mapping[str, str]]


def published_cifar(name: str) -> Cifar:
    """The sums that MMPreTrain knows, whose reader the configs use; it compares the same sums before it unpickles.

    Args:
        name: ``'cifar10'`` or ``'cifar100'``.

    Example:
        >>> published_cifar('cifar100').part.place
        'cifar-100-python'
    """
    # Here, as it takes seconds.
    from mmpretrain.datasets import CIFAR10, CIFAR100

    files = {'cifar10': CIFAR10, 'cifar100': CIFAR100}[name]
    lists = {'train': files.train_list, 'test': files.test_list}
    part = dataclasses.replace(OTHER_SETS[name].parts[0], md5=files.tgz_md5)
    return Cifar(part, {split: dict(pairs) for split, pairs in lists.items()})


def prepare_cifar(
    name: str, downloads: Path | None, root: Path, console: Console, published: Cifar | None = None
) -> None:
    """Bring CIFAR to where the configs read it, and compare the sum of every file.

    Args:
        name: ``'cifar10'`` or ``'cifar100'``.
        downloads: Folder with the archive or its unpacked folder; None only checks.
        root: The folder cifar10 or cifar100 to fill.
        console: Where progress and the report go.
        published: The sums; None: those of :func:`published_cifar`.

    Raises:
        ConfigError: If a file is missing or differs.

    Example:
        >>> prepare_cifar('cifar10', Path('downloads'), Path('data/cifar10'), Console())  # doctest: +SKIP
    """
    wanted, published = OTHER_SETS[name], published or published_cifar(name)
    if downloads is not None:
        take_parts([published.part], downloads, root, wanted.page, console)
    folder, findings = root / published.part.place, []
    for split, sums in published.sums.items():
        missing = [file for file in sums if not (folder / file).is_file()]
        wrong = [file for file, md5 in sums.items() if file not in missing and md5_of(folder / file) != md5]
        problems = [f'no file {folder / file}' for file in missing]
        problems += [f'{folder / file} is damaged or another version; unpack it again' for file in wrong]
        expected = getattr(wanted, split)
        found = None if len(missing) == len(sums) else expected * (len(sums) - len(missing + wrong)) // len(sums)
        title = f'{wanted.title} {split}'
        findings.append(Finding(name, title, expected, found, 'classification', wanted.page, tuple(problems)))
    report_findings(findings, [name], console)
