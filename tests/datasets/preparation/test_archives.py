"""Unpacking: nothing outside, nothing twice, nothing by halves."""

import io
import shutil
import tarfile
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from rich.console import Console

from cft.datasets.preparation import archives
from cft.datasets.preparation.archives import lacking_members, unpack
from cft.errors import ConfigError
from tests.support import miniature

FILES = {f'top/{folder}/{index}.bin': bytes([index]) * (1000 + index) for folder in 'ab' for index in range(4)}
WRITERS = {'x.tar': miniature.write_tar, 'x.zip': miniature.write_zip}


@pytest.fixture(params=[*WRITERS, 'x.tgz'])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == 'x.tgz':
        return miniature.write_tar(tmp_path / 'x.tgz', FILES, 'w:gz')
    return WRITERS[request.param](tmp_path / request.param, FILES)


def expected() -> dict[str, bytes]:
    return {name.removeprefix('top/'): content for name, content in FILES.items()}


def test_unpacks_everything_once(archive: Path, tmp_path: Path, console: Console) -> None:
    out = tmp_path / 'out'
    assert unpack(archive, 'top', out, out, console) == len(FILES)
    assert miniature.contents(out) == expected()
    before = miniature.stamps(out)
    assert unpack(archive, 'top', out, out, console) == 0
    assert miniature.stamps(out) == before


@pytest.mark.parametrize('kind', sorted(WRITERS))
def test_what_lies_beside_the_folder(kind: str, tmp_path: Path, console: Console) -> None:
    """What macOS adds and what is named is left in the archive; anything else is another layout."""
    beside = {'._top': b'x', '__MACOSX/top/._0.bin': b'x', 'notes.txt': b'x'}
    path, out = WRITERS[kind](tmp_path / kind, FILES | beside), tmp_path / 'out'
    with pytest.raises(ConfigError, match=r"holds 'notes.txt' outside of top/; it is not the official archive"):
        unpack(path, 'top', out, out, console)
    assert not out.exists()
    assert unpack(path, 'top', out, out, console, beside=['notes.txt']) == len(FILES)
    assert miniature.contents(out) == expected()
    assert lacking_members(path, 'top', out, ['notes.txt']) == []


@pytest.mark.parametrize('kind', sorted(WRITERS))
def test_archive_without_a_top_folder(kind: str, tmp_path: Path, console: Console) -> None:
    files = expected() | {'list.txt': b'a list'}
    path, out = WRITERS[kind](tmp_path / kind, files), tmp_path / 'out'
    assert unpack(path, '', out, out, console) == len(files)
    assert miniature.contents(out) == files
    evil = WRITERS[kind](tmp_path / f'evil_{kind}', {'../evil.txt': b'x'})
    with pytest.raises(ConfigError, match='leaves its folder'):
        unpack(evil, '', out, out, console)


def test_writes_only_what_is_missing_or_cut_short(archive: Path, tmp_path: Path, console: Console) -> None:
    out = tmp_path / 'out'
    unpack(archive, 'top', out, out, console)
    (out / 'a/1.bin').unlink()
    (out / 'b/2.bin').write_bytes(b'cut')
    assert sorted(str(member.name) for member in lacking_members(archive, 'top', out)) == ['a/1.bin', 'b/2.bin']
    assert unpack(archive, 'top', out, out, console) == 2
    assert miniature.contents(out) == expected()


def test_interruption_leaves_no_half_file_and_is_continued(
    archive: Path, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / 'out'
    copied = []

    def copy_some(source: io.BufferedIOBase, target: io.BufferedIOBase, length: int) -> None:
        copied.append(target)
        if len(copied) == 3:
            target.write(source.read(500))
            raise KeyboardInterrupt
        target.write(source.read())

    with monkeypatch.context() as patch:
        patch.setattr(archives.shutil, 'copyfileobj', copy_some)
        with pytest.raises(KeyboardInterrupt):
            unpack(archive, 'top', out, out, console)
    present = miniature.contents(out)
    assert len(present) == 2
    assert present.items() <= expected().items()
    assert unpack(archive, 'top', out, out, console) == len(FILES) - 2
    assert miniature.contents(out) == expected()


@pytest.mark.parametrize('name', ['../evil.bin', 'top/../../evil.bin', '/evil.bin', 'top/..\\evil.bin', 'C:/evil.bin'])
@pytest.mark.parametrize('kind', WRITERS)
def test_refuses_members_that_leave_the_folder(kind: str, name: str, tmp_path: Path, console: Console) -> None:
    archive = WRITERS[kind](tmp_path / 'in' / kind, {'top/good.bin': b'good'})
    if kind == 'x.zip':
        with zipfile.ZipFile(archive, 'a') as opened:
            opened.writestr(name, b'evil')
    else:
        with tarfile.open(archive, 'a') as opened:
            info = tarfile.TarInfo(name)
            info.size = 4
            opened.addfile(info, io.BytesIO(b'evil'))
    out = tmp_path / 'deep/out'
    with pytest.raises(ConfigError, match=r'not unpacked.*leaves its folder') as caught:
        unpack(archive, 'top', out, out, console)
    assert str(archive) in str(caught.value)
    assert not list(tmp_path.rglob('*evil*')) and not list(tmp_path.rglob('good.bin'))


@pytest.mark.parametrize('kind', [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_refuses_links_and_devices_in_a_tar(kind: bytes, tmp_path: Path, console: Console) -> None:
    archive = miniature.write_tar(tmp_path / 'x.tar', {'top/good.bin': b'good'})
    with tarfile.open(archive, 'a') as opened:
        info = tarfile.TarInfo('top/link')
        info.type, info.linkname = kind, '/etc/hostname'
        opened.addfile(info)
    with pytest.raises(ConfigError, match='no plain file'):
        unpack(archive, 'top', tmp_path / 'out', tmp_path / 'out', console)
    assert not (tmp_path / 'out').exists()


def test_writes_nothing_through_a_link_out_of_the_data_set(archive: Path, tmp_path: Path, console: Console) -> None:
    out, users = tmp_path / 'out', tmp_path / 'users'
    out.mkdir()
    users.mkdir()
    (out / 'a').symlink_to(users)
    with pytest.raises(ConfigError, match=r'is a link to .*users'):
        unpack(archive, 'top', out, out, console)
    assert not list(users.iterdir())


def test_other_layout_is_refused(archive: Path, tmp_path: Path, console: Console) -> None:
    with pytest.raises(ConfigError, match='outside of VOCdevkit/; it is not the official archive'):
        unpack(archive, 'VOCdevkit', tmp_path / 'out', tmp_path / 'out', console)


@pytest.mark.parametrize('kept', [0, 0.1, 0.5])
def test_truncated_archive_is_named(archive: Path, kept: float, tmp_path: Path, console: Console) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ConfigError, match='damaged or not completely downloaded') as caught:
        unpack(archive, 'top', tmp_path / 'out', tmp_path / 'out', console)
    assert str(archive) in str(caught.value) and '\n' not in str(caught.value)


def test_flipped_bytes_in_a_zip_are_named(tmp_path: Path, console: Console) -> None:
    """The directory at the end is whole; only reading a file shows the damage."""
    archive = tmp_path / 'x.zip'
    with zipfile.ZipFile(archive, 'w') as opened:
        opened.writestr('top/0.bin', b'a' * 1000)
    content = bytearray(archive.read_bytes())
    content[500] ^= 1
    archive.write_bytes(content)
    with pytest.raises(ConfigError, match='damaged') as caught:
        unpack(archive, 'top', tmp_path / 'out', tmp_path / 'out', console)
    assert str(archive) in str(caught.value)
    assert not miniature.contents(tmp_path / 'out')


def test_full_disk_is_noticed_before_anything_is_written(
    archive: Path, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = sum(map(len, FILES.values()))
    usage = namedtuple('usage', 'total used free')
    monkeypatch.setattr(shutil, 'disk_usage', lambda place: usage(10**9, 0, needed - 1))
    with pytest.raises(ConfigError, match='make room'):
        unpack(archive, 'top', tmp_path / 'out', tmp_path / 'out', console)
    assert not (tmp_path / 'out').exists()
    monkeypatch.setattr(shutil, 'disk_usage', lambda place: usage(10**9, 0, needed))
    assert unpack(archive, 'top', tmp_path / 'out', tmp_path / 'out', console) == len(FILES)


def test_unwritable_target_is_named(archive: Path, tmp_path: Path, console: Console) -> None:
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/a').write_bytes(b'a file where a folder belongs')
    with pytest.raises(ConfigError, match=r'cannot write .*0\.bin'):
        unpack(archive, 'top', tmp_path / 'out', tmp_path / 'out', console)
