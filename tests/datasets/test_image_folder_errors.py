"""ImageFolder: what is wrong with a folder is named."""

from pathlib import Path

import pytest

from cft.datasets import ImageFolder
from cft.errors import ConfigError
from tests.datasets.image_files import fill, write


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_missing_folder_is_named(tmp_path: Path, split: str) -> None:
    with pytest.raises(ConfigError, match=r'no folder .*nowhere.*data_root=FOLDER'):
        ImageFolder(str(tmp_path / 'nowhere'), split=split)


@pytest.mark.parametrize('folder', ['', 'train'])
def test_no_class_folders(tmp_path: Path, folder: str) -> None:
    """Images straight in the folder, without classes."""
    write(tmp_path / folder, 'image.png')
    with pytest.raises(ConfigError, match='has no class folders'):
        ImageFolder(str(tmp_path))


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_empty_class_folder_is_named(tmp_path: Path, split: str) -> None:
    """In whichever split it lies."""
    for name in ('train', 'val', 'test'):
        fill(tmp_path / name, a=2, b=2)
    (tmp_path / split / 'b' / 'b_00.png').unlink()
    (tmp_path / split / 'b' / 'b_01.png').rename(tmp_path / split / 'b' / 'b.txt')
    with pytest.raises(ConfigError, match=rf'class folder .*{split}/b holds no image'):
        ImageFolder(str(tmp_path), split=split)


@pytest.mark.parametrize('split', ['val', 'test'])
def test_extra_class_in_an_evaluation_split(tmp_path: Path, split: str) -> None:
    """No output of the classifier stands for it; a wrong label would count it as an error or a hit."""
    fill(tmp_path / 'train', a=2, b=2)
    fill(tmp_path / split, a=2, bird=2)
    with pytest.raises(ConfigError, match=rf"{split} has classes \['bird'\] that .*train lacks"):
        ImageFolder(str(tmp_path), split=split)


def test_unknown_split_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'test', 'train', 'val'.*'valid'"):
        ImageFolder(str(fill(tmp_path, a=2)), split='valid')


def test_nothing_to_validate_on(tmp_path: Path) -> None:
    fill(tmp_path, a=1, b=1)
    with pytest.raises(ConfigError, match='no image can be held out for validation, as each class has only one'):
        ImageFolder(str(tmp_path), split='val')
