"""PACS, VLCS and Office-Home for domain generalisation."""

import mimetypes
import os
import re
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from cft.datasets.preparation.completeness import Finding, report_findings, some
from cft.datasets.preparation.domain_sets import DOMAIN_SETS, Domain, DomainSet
from cft.datasets.preparation.folders import link_path, visible_folders
from cft.errors import ConfigError

DEPTH = 3


def locate_domains(folder: Path, domains: Mapping[str, Domain]) -> dict[str, Path]:
    """Folders of the domains, whatever their distribution calls them.

    They must all stand side by side, at most three folders below ``folder``:
    a folder "Art" alone may be that of another data set.

    Args:
        folder: What the user unpacked.
        domains: The wanted domains.

    Returns:
        From canonical name to folder.

    Raises:
        ConfigError: If a domain is missing, or two folders could be meant.

    Example:
        >>> locate_domains(Path('downloads/PACS/kfold'), DOMAIN_SETS['pacs'].domains)  # doctest: +SKIP
    """
    if not folder.is_dir():
        raise ConfigError(f'no folder {folder}; unpack the download and give its folder')
    places = {place: _domains_in(place, domains) for place in _folders(folder)}
    most = max(map(len, places.values()))
    best = [place for place, found in places.items() if len(found) == most]
    if most < len(domains):
        lacking = ', '.join(name for name in domains if name not in places[best[0]])
        where = f'{best[0]} lacks' if most else f'{folder} and {DEPTH - 1} levels of folders below it lack'
        raise ConfigError(f'{where} a folder for {lacking}; give the folder of the complete data set')
    if len(best) > 1:
        raise ConfigError(f'the domains may be those in {some(map(str, best))}; give one of these folders')
    return places[best[0]]


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
        for name, place in locate_domains(folder, wanted.domains).items():
            link_path(place, root / name)
    with console.status('counting images'):
        findings = check_domains(root, chosen, wanted)
    report_findings(findings, [chosen], console)


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


def _domains_in(place: Path, domains: Mapping[str, Domain]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for entry in visible_folders(place):
        spelling = re.sub(r'[^a-z0-9]', '', entry.name.lower())
        name = next((name for name, domain in domains.items() if spelling in domain.spellings), None)
        if name is None:
            continue
        other = found.get(name, entry)
        if other.resolve() != entry.resolve():
            raise ConfigError(f'{other} and {entry} both look like the domain {name}; move one of them away')
        found[name] = entry
    return found


def _folders(folder: Path) -> list[Path]:
    """The folder and those below it, as deep as domains are looked for."""
    places = [folder]
    level = [folder]
    for _ in range(DEPTH - 1):
        level = [entry for place in level for entry in visible_folders(place)]
        places += level
    return places
