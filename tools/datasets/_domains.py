"""PACS, VLCS and Office-Home for domain generalisation."""

import mimetypes
import os
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console


from _domain_sets import DOMAIN_SETS, DomainSet
from _files import link_folder, visible_folders
from _find_domains import find_domains
from _report import Finding, report, some


def check_domains(root: Path, chosen: str, wanted: DomainSet) -> list[Finding]:
    """Count the images of each domain and compare the classes of the domains.

    Args:
        root: Folder with the domains under their canonical names.
        chosen: What the command line calls the data set.
        wanted: What is expected.

    Returns:
        One line per domain and one for the sum.
    """
    classes = {name: {entry.name for entry in visible_folders(root / name)} for name in wanted.domains}
    union = set().union(*classes.values())
    lines = []
    for name, domain in wanted.domains.items():
        found, problems = None, [f'no folder {root / name}']
        if (root / name).is_dir():
            found, empty = _count_images(root / name)
            problems = [f'{len(empty):,} files are empty: {some(empty)}'] if empty else []
            if found != domain.images:
                problems.append(f'{found:,} images found in {root / name}, {domain.images:,} expected')
            if len(classes[name]) != wanted.classes:
                have = some(classes[name], shown=10) or 'none'
                problems.append(f'{len(classes[name])} class folders ({have}), {wanted.classes} expected')
            elif classes[name] != union:
                problems.append(f'lacks the class folders {some(union - classes[name])} that other domains have')
        lines.append(
            Finding(chosen, name, domain.images, found, 'domain generalisation', wanted.source, tuple(problems))
        )
    counted = [line.found for line in lines if line.found is not None]
    total, published = sum(counted) if counted else None, sum(line.expected for line in lines)
    return [*lines, Finding(chosen, 'all domains', published, total, 'domain generalisation', wanted.source)]


def prepare_domains(
    chosen: str,
    folder: Path | None,
    root: Path,
    console: Console,
    domain_sets: Mapping[str, DomainSet] = DOMAIN_SETS,
) -> None:
    """Link the domains under their canonical names and report what they hold.

    Args:
        chosen: Key of ``domain_sets``.
        folder: What the user unpacked, which is not changed; None only checks.
        root: Folder for the links.
        console: Where the report goes.
        domain_sets: What is expected.

    Raises:
        ConfigError: If a domain cannot be told (nothing is linked then), or something is missing in the end.

    Example:
        >>> prepare_domains('pacs', Path('downloads/PACS'), Path('data/PACS'), Console())  # doctest: +SKIP
    """
    wanted = domain_sets[chosen]
    if folder is not None:
        for name, place in find_domains(folder, wanted.domains).items():
            link_folder(place, root / name)
    with console.status('counting images'):
        findings = check_domains(root, chosen, wanted)
    report(findings, [chosen], console)


def _count_images(domain: Path) -> tuple[int, list[str]]:
    """Number of images with content in the class folders, and the empty ones."""
    found, empty = 0, []
    for class_folder in visible_folders(domain):
        for place, _, names in os.walk(class_folder):
            for name in names:
                kind = mimetypes.guess_type(name)[0] or ''
                if kind.startswith('image/') and not name.startswith('.'):
                    file = Path(place) / name
                    filled = file.is_file() and file.stat().st_size > 0
                    found += filled
                    empty += [] if filled else [str(file.relative_to(domain))]
    return found, empty
