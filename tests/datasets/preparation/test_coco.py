"""COCO from miniature archives and folders."""

import shutil
from pathlib import Path

import pytest
from rich.console import Console

from cft.datasets.preparation.coco import IMAGES, prepare_coco
from cft.errors import ConfigError
from tests.support import miniature
from tests.support.command_line import call_tool

MINI = {'train2017': 4, 'val2017': 2}
BOTH = ['train2017', 'val2017']


def downloads_files() -> dict[str, dict[str, bytes]]:
    """Archive names and what is in them."""
    train, train_annotations = miniature.coco_files('train2017', 4)
    val, val_annotations = miniature.coco_files('val2017', 2)
    return {
        'train2017.zip': train,
        'val2017.zip': val,
        'annotations_trainval2017.zip': train_annotations | val_annotations,
    }


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    for name, files in downloads_files().items():
        miniature.write_zip(tmp_path / 'downloads' / name, files)
    return tmp_path / 'downloads'


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for files in downloads_files().values():
        miniature.write_files(tmp_path / 'unpacked', files)
    return tmp_path / 'unpacked'


def expected() -> dict[str, bytes]:
    return {name: content for files in downloads_files().values() for name, content in files.items()}


def test_published_counts() -> None:
    assert IMAGES == {'train2017': 118287, 'val2017': 5000}


def test_archives_are_unpacked_once(archives: Path, tmp_path: Path, console: Console) -> None:
    out = tmp_path / 'data/coco'
    prepare_coco(archives, out, BOTH, console, MINI)
    assert miniature.contents(out) == expected()
    before = miniature.stamps(out)
    prepare_coco(archives, out, BOTH, console, MINI)
    assert miniature.stamps(out) == before
    assert console.file.getvalue().count(' complete ') == 4


def test_unpacked_folders_are_linked(folders: Path, tmp_path: Path, console: Console) -> None:
    before = miniature.stamps(folders)
    out = tmp_path / 'coco'
    for _ in range(2):
        prepare_coco(folders, out, BOTH, console, MINI)
        assert (out / 'train2017').is_symlink() and (out / 'train2017').resolve() == (folders / 'train2017').resolve()
        assert miniature.stamps(folders) == before


def test_complete_folder_beside_its_archive_saves_unpacking(archives: Path, tmp_path: Path, console: Console) -> None:
    miniature.write_files(archives, downloads_files()['train2017.zip'])
    prepare_coco(archives, tmp_path / 'coco', BOTH, console, MINI)
    assert (tmp_path / 'coco/train2017').is_symlink()
    assert not (tmp_path / 'coco/val2017').is_symlink()


def test_folder_unpacked_in_part_is_not_used(archives: Path, tmp_path: Path, console: Console) -> None:
    miniature.write_files(archives, downloads_files()['train2017.zip'])
    (archives / 'train2017/000000000003.jpg').write_bytes(b'cut')
    before = miniature.contents(archives)
    prepare_coco(archives, tmp_path / 'coco', BOTH, console, MINI)
    assert miniature.contents(archives) == before
    assert miniature.contents(tmp_path / 'coco') == expected()


def test_link_whose_end_has_gone_is_renewed(folders: Path, tmp_path: Path, console: Console) -> None:
    out = tmp_path / 'coco'
    prepare_coco(folders, out, BOTH, console, MINI)
    shutil.move(folders, tmp_path / 'moved')
    with pytest.raises(ConfigError, match='2 of 2 missing or incomplete'):
        prepare_coco(None, out, BOTH, console, MINI)
    prepare_coco(tmp_path / 'moved', out, BOTH, console, MINI)
    assert (out / 'val2017').resolve() == (tmp_path / 'moved/val2017').resolve()


def test_linked_folder_is_never_filled_up(folders: Path, tmp_path: Path, console: Console) -> None:
    out = tmp_path / 'coco'
    prepare_coco(folders, out, BOTH, console, MINI)
    (folders / 'val2017/000000000002.jpg').unlink()
    miniature.write_zip(folders / 'val2017.zip', downloads_files()['val2017.zip'])
    with pytest.raises(ConfigError, match=r'val2017 is a link to .*unpacked/val2017, which lacks files'):
        prepare_coco(folders, out, BOTH, console, MINI)
    assert not (folders / 'val2017/000000000002.jpg').exists()


def test_images_and_annotations_are_compared_by_name(archives: Path, tmp_path: Path, console: Console) -> None:
    out = tmp_path / 'coco'
    prepare_coco(archives, out, BOTH, console, MINI)
    (out / 'train2017/000000000002.jpg').rename(out / 'train2017/stray.jpg')
    with pytest.raises(ConfigError, match='1 of 2 missing or incomplete: COCO train2017'):
        prepare_coco(None, out, ['val2017'], console, MINI)
    text = console.file.getvalue()
    assert f'1 of 4 images missing or empty in {out}/train2017: 000000000002.jpg' in text
    assert f'1 files of {out}/train2017 are not in instances_train2017.json: stray.jpg' in text


def test_validation_alone(archives: Path, tmp_path: Path, console: Console) -> None:
    (archives / 'train2017.zip').unlink()
    prepare_coco(archives, tmp_path / 'coco', ['val2017'], console, MINI)
    assert 'COCO train2017 is absent' in console.file.getvalue()
    with pytest.raises(ConfigError, match='COCO train2017'):
        prepare_coco(archives, tmp_path / 'coco', BOTH, console, MINI)
    assert 'train2017.zip and annotations_trainval2017.zip from https://cocodataset.org' in console.file.getvalue()


@pytest.mark.parametrize('content', [b'{"images": [{"file_na', b'[]', b'{"info": 1}', b'\xff\xfe'])
def test_damaged_annotations_are_named(content: bytes, archives: Path, tmp_path: Path, console: Console) -> None:
    out = tmp_path / 'coco'
    prepare_coco(archives, out, BOTH, console, MINI)
    (out / 'annotations/instances_val2017.json').write_bytes(content)
    with pytest.raises(ConfigError, match=r'instances_val2017\.json is no complete COCO annotation file'):
        prepare_coco(None, out, BOTH, console, MINI)


def test_folder_without_downloads(tmp_path: Path, console: Console) -> None:
    with pytest.raises(ConfigError, match=r'no folder .*nowhere'):
        prepare_coco(tmp_path / 'nowhere', tmp_path / 'out', BOTH, console, MINI)
    (tmp_path / 'train2017').mkdir()
    with pytest.raises(ConfigError, match=r'holds neither train2017\.zip'):
        prepare_coco(tmp_path, tmp_path / 'out', BOTH, console, MINI)


def test_command_line_reports_wrong_counts(
    archives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    assert call_tool(monkeypatch, 'datasets/prepare_coco', archives, '--out', tmp_path / 'out') == 2
    output = capfd.readouterr()
    assert output.err.startswith('error: 2 of 2 missing or incomplete') and len(output.err.splitlines()) == 1
    assert '4 images, 118,287 expected' in output.out and '2 images, 5,000 expected' in output.out
    assert miniature.contents(tmp_path / 'out') == expected()


def test_command_line_names_a_broken_archive(
    archives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    content = (archives / 'val2017.zip').read_bytes()
    (archives / 'val2017.zip').write_bytes(content[: len(content) // 2])
    assert call_tool(monkeypatch, 'datasets/prepare_coco', archives, '--out', tmp_path / 'out') == 2
    error = capfd.readouterr().err
    assert len(error.splitlines()) == 1
    assert error.startswith('error: ') and 'val2017.zip is damaged or not completely downloaded' in error
