"""Archives that unpack to far more than a download of images or annotations can: refused before anything is written."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from rich.console import Console

from cft.datasets.preparation.archives import lacking_members, unpack
from cft.errors import ConfigError

ZEROS = bytes(80_000_000)


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('top/a', ZEROS)


def write_tar(path: Path, mode: str, member: bool = True) -> None:
    """With a large file, or with a large header: a comment."""
    with tarfile.open(path, mode, format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo('top/a')
        info.size = len(ZEROS) if member else 0
        if not member:
            info.pax_headers = {'comment': '0' * 80_000_000}
        archive.addfile(info, io.BytesIO(ZEROS))
        archive.addfile(tarfile.TarInfo('top/b'))


@pytest.mark.parametrize('kind', ['zip', 'tar.gz', 'tar.xz', 'tar.bz2', 'header'])
def test_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ('archive.tar.gz' if kind == 'header' else f'archive.{kind}')
    if kind == 'zip':
        write_zip(path)
    else:
        write_tar(path, 'w:gz' if kind == 'header' else f'w:{kind[4:]}', member=kind != 'header')
    for call in (
        lambda: lacking_members(path, 'top', tmp_path / 'out'),
        lambda: unpack(path, 'top', tmp_path / 'out', tmp_path, Console(quiet=True)),
    ):
        with pytest.raises(ConfigError, match='is not unpacked|is damaged .*a header of'):
            call()
    assert not (tmp_path / 'out').exists()
