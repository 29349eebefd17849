"""Find the folders of domains, whatever their distribution calls them."""

import re
from collections.abc import Mapping
from pathlib import Path

from cft.errors import ConfigError

from _domain_sets import Domain
from _files import visible_folders
from _report import some

DEPTH = 3


def find_domains(folder: Path, domains: Mapping[str, Domain]) -> dict[str, Path]:
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
        >>> find_domains(Path('downloads/PACS/kfold'), DOMAIN_SETS['pacs'].domains)  # doctest: +SKIP
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
