"""A console to read back, and the archives of VOC."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.support.miniature import write_voc_archives


@pytest.fixture
def console() -> Console:
    """A console that writes wide plain lines to ``console.file``, a StringIO."""
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def voc_archives(tmp_path: Path) -> Path:
    """A folder with the archives of VOC and SBD."""
    return write_voc_archives(tmp_path / 'downloads')
