"""MMEngine's local files, through its own functions; ``tests/test_files.py`` kills a process that writes them."""

from pathlib import Path

import pytest
from mmengine.fileio import get_file_backend

import cft  # noqa: F401 - puts its backend in the place of MMEngine's


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='Linux only')
def test_mmengine_still_writes_to_devices_and_text_files(tmp_path: Path) -> None:
    """Only archives are written in our way: a device must not be replaced by a file."""
    backend = get_file_backend(str(tmp_path))
    backend.put(b'data', '/dev/null')
    assert Path('/dev/null').is_char_device()
    backend.put(b'data', str(tmp_path / 'a.bin'))
    backend.put_text('text', str(tmp_path / 'a.txt'))
    assert (tmp_path / 'a.bin').read_bytes() == b'data' and (tmp_path / 'a.txt').read_text() == 'text'
