"""The same image in two splits."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence

BLOCK = 1 << 20


def same_content(
    first: Sequence[str], second: Sequence[str], on_file: Callable[[], None] = lambda: None
) -> list[tuple[str, str]]:
    """Pairs of files with the same bytes, one of each list.

    Only files whose size occurs in both lists are read. An image that was saved
    anew, in another size or format, is not recognised.

    Args:
        first: Paths; those that do not exist are left out.
        second: Paths.
        on_file: Called after each file that was read.

    Returns:
        For each file of ``second`` that has a double, the pair with the first one in ``first``.

    Example:
        >>> same_content(['train/a.jpg'], ['test/b.jpg'])  # doctest: +SKIP
        [('train/a.jpg', 'test/b.jpg')]
    """
    by_size = [_by_size(paths) for paths in (first, second)]
    pairs = []
    for size in by_size[0].keys() & by_size[1].keys():
        of_content: dict[bytes, str] = {}
        for path in by_size[0][size]:
            of_content.setdefault(_digest(path), path)
            on_file()
        for path in by_size[1][size]:
            double = of_content.get(_digest(path))
            on_file()
            if double is not None:
                pairs.append((double, path))
    return sorted(pairs, key=lambda pair: pair[1])


def files_to_compare(first: Sequence[str], second: Sequence[str]) -> int:
    """Number of files that :func:`same_content` reads."""
    by_size = [_by_size(paths) for paths in (first, second)]
    return sum(len(paths[size]) for paths in by_size for size in by_size[0].keys() & by_size[1].keys())


def _by_size(paths: Sequence[str]) -> dict[int, list[str]]:
    files: dict[int, list[str]] = defaultdict(list)
    for path in dict.fromkeys(paths):
        if os.path.isfile(path):
            files[os.path.getsize(path)].append(path)
    return files


def _digest(path: str) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    with open(path, 'rb') as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.digest()
