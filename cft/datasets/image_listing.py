"""The image files below a folder, and what else lies there."""

import os
from collections import Counter
from pathlib import Path

from cft.datasets.image_decoding import SUFFIXES


def list_images(folder: str | Path) -> tuple[list[Path], Counter[str]]:
    """Find the image files below a folder, known by their suffixes in small or capital letters.

    Linked folders are followed, each once, so that circles end. Hidden files
    and folders are passed over.

    Args:
        folder: Where to look.

    Returns:
        Sorted paths below ``folder``, and the number of other files by their kind.

    Raises:
        OSError: If a folder cannot be listed.

    Example:
        >>> list_images('flowers/rose')  # doctest: +SKIP
        ([PosixPath('flowers/rose/1.jpg')], Counter({'.txt': 2}))
    """
    images: list[Path] = []
    left_out: Counter[str] = Counter()
    seen: set[tuple[int, int]] = set()
    for where, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
        status = os.stat(where)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        for name in files:
            if name.startswith('.'):
                continue
            suffix = os.path.splitext(name)[1].lower()
            if suffix not in SUFFIXES:
                left_out[suffix or 'without a suffix'] += 1
            elif os.path.isfile(os.path.join(where, name)):
                images.append(Path(where, name))
            else:
                left_out[f'{suffix} that lead nowhere'] += 1
    return sorted(images), left_out


def told(left_out: Counter[str]) -> str:
    """Files that were left out, in words.

    Example:
        >>> told(Counter({'.txt': 2, 'without a suffix': 1}))
        '2 .txt, 1 without a suffix'
    """
    return ', '.join(f'{number} {kind}' for kind, number in left_out.most_common())


def outside_of_folders(folder: Path) -> Counter[str]:
    """Number of the files that lie beside the class folders, by suffix; hidden ones do not count."""
    return Counter(
        entry.suffix.lower() or 'without a suffix'
        for entry in folder.iterdir()
        if not entry.name.startswith('.') and entry.is_file()
    )


def _raise(error: OSError) -> None:
    raise error
