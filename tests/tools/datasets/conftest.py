"""The folders of the tools and of their test helpers are on the import path."""

import io
import sys
from pathlib import Path

import miniature
import pytest
from rich.console import Console

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / 'tests/tools'), str(ROOT / 'tools'), str(ROOT / 'tools/datasets')]


@pytest.fixture
def console() -> Console:
    """A console that writes wide plain lines to ``console.file``, a StringIO."""
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def voc_archives(tmp_path: Path) -> Path:
    """A folder with the archives of VOC and SBD."""
    folder = tmp_path / 'downloads'
    trainval = miniature.voc07_files(miniature.VOC07_TRAINVAL, 'trainval')
    miniature.write_tar(folder / 'VOCtrainval_06-Nov-2007.tar', trainval)
    miniature.write_tar(folder / 'VOCtest_06-Nov-2007.tar', miniature.voc07_files(miniature.VOC07_TEST, 'test'))
    miniature.write_tar(folder / 'VOCtrainval_11-May-2012.tar', miniature.voc12_files())
    miniature.write_tar(folder / 'benchmark.tgz', miniature.sbd_files(), 'w:gz')
    return folder
