"""same_content against a comparison of every pair of files."""

import random
from itertools import product
from pathlib import Path

from cft.datasets.duplicates import files_to_compare, same_content


def write(folder: Path, contents: list[bytes]) -> list[str]:
    folder.mkdir()
    paths = [folder / f'{index}.jpg' for index in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def test_against_every_pair(tmp_path: Path) -> None:
    """Short contents of few letters, so that sizes and bytes often agree."""
    draw = random.Random(0)
    contents = [[bytes(draw.choices(b'ab', k=draw.randint(0, 5))) for _ in range(40)] for _ in range(2)]
    first, second = (write(tmp_path / name, split) for name, split in zip('xy', contents, strict=True))
    doubles = {b for a, b in product(first, second) if Path(a).read_bytes() == Path(b).read_bytes()}
    found = same_content(first, second)
    assert [b for _, b in found] == sorted(doubles) and 0 < len(doubles) < 40
    assert all(Path(a).read_bytes() == Path(b).read_bytes() for a, b in found)


def test_only_files_of_equal_size_are_read(tmp_path: Path) -> None:
    first = write(tmp_path / 'x', [b'a', b'bb', b'ccc'])
    second = write(tmp_path / 'y', [b'dd', b'eeee'])
    read: list[None] = []
    assert same_content(first, second, lambda: read.append(None)) == []
    assert len(read) == files_to_compare(first, second) == 2


def test_same_file_in_both_lists_and_missing_files(tmp_path: Path) -> None:
    (path,) = write(tmp_path / 'x', [b'a'])
    assert same_content([path, path], [path, str(tmp_path / 'nowhere')]) == [(path, path)]
    assert same_content([], [path]) == []
