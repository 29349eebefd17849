"""A file that cannot be used stops training with one line that names it, from whatever process reads it."""

from pathlib import Path

import pytest

from tests.support.command_line import ROOT, call_tool, shell
from tests.support.tasks import draw_few_shapes

pytestmark = pytest.mark.slow

SEGMENTATION = ROOT / 'configs/quickstart/ce_seg.py'
OPTIONS = ('drawn_data=None', 'train_cfg.max_iters=4', 'train_dataloader.batch_size=4')


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Eight images, of which one mask is cut off."""
    mask = draw_few_shapes(tmp_path / 'shapes') / 'SegmentationClass' / 'train_000003.png'
    mask.write_bytes(mask.read_bytes()[:60])
    return mask


@pytest.mark.parametrize('workers', [0, 1])
def test_corrupt_mask(workers: int, damaged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    options = (*OPTIONS, f'data_root={damaged.parents[1]}', f'train_dataloader.num_workers={workers}')
    assert (
        call_tool(monkeypatch, 'train', SEGMENTATION, '--work-dir', tmp_path / 'work', '--cfg-options', *options) == 2
    )
    error = capfd.readouterr().err
    assert [line for line in error.splitlines() if str(damaged) in line and line.startswith('error: ')]
    assert 'Traceback' not in error


def test_corrupt_mask_in_a_job(damaged: Path, tmp_path: Path) -> None:
    """The job ends, and the process that met the file has named it, whichever it is."""
    options = (*OPTIONS, f'data_root={damaged.parents[1]}')
    command = ('bash', ROOT / 'tools/dist_train.sh', SEGMENTATION, 2, '--work-dir', tmp_path / 'work')
    done = shell(*command, '--cfg-options', *options)
    assert done.returncode != 0
    assert f'error: {damaged} is no readable mask' in done.stderr


def test_corrupt_xml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    """Annotations of detection are read before the first step."""
    annotation = draw_few_shapes(tmp_path / 'shapes') / 'Annotations' / 'train_000003.xml'
    annotation.write_text(annotation.read_text()[:80])
    options = ('drawn_data=None', f'data_root={tmp_path / "shapes"}')
    config = ROOT / 'configs/quickstart/ce_det.py'
    assert call_tool(monkeypatch, 'train', config, '--work-dir', tmp_path / 'work', '--cfg-options', *options) == 2
    output = capfd.readouterr()
    assert f'error: {annotation} is no VOC annotation' in output.err and '(train)' not in output.out
