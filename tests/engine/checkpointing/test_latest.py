"""find_resumable: which checkpoint a run continues from."""

import logging
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.logging import MMLogger

from cft.engine.checkpointing import find_resumable
from cft.errors import ConfigError
from tests.support.hostile_pickles import shell

EPOCHS = 'epoch_{}.pth'


def save(folder: Path, *steps: int, name: str = EPOCHS) -> None:
    """Checkpoints, and the record of the last."""
    folder.mkdir(exist_ok=True, parents=True)
    for step in steps:
        torch.save({'weight': torch.full((100,), float(step))}, folder / name.format(step))
        (folder / 'last_checkpoint').write_text(str(folder / name.format(step)))


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def find(folder: Path, template: str = EPOCHS) -> str | None:
    found = find_resumable(folder, folder, template)
    return found and found.name


def test_the_recorded_one(tmp_path: Path) -> None:
    """Not one of a higher step, which an earlier run left."""
    save(tmp_path, 1, 2, 30, 3)
    assert find(tmp_path) == 'epoch_3.pth'


def test_nothing(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    assert find(tmp_path / 'nowhere') is None
    save(tmp_path, 3, name='best_acc_epoch_{}.pth')
    (tmp_path / 'last_checkpoint').unlink()
    assert find(tmp_path) is None


@pytest.mark.parametrize('record', [None, '', '\n', '\0\0\0\0'])
def test_without_the_record(tmp_path: Path, record: str | None) -> None:
    """By the number, not by the alphabet; a crash of the machine may leave zeros."""
    save(tmp_path, 2, 9, 10)
    if record is None:
        (tmp_path / 'last_checkpoint').unlink()
    else:
        (tmp_path / 'last_checkpoint').write_text(record)
    assert find(tmp_path) == 'epoch_10.pth'


def test_earlier_ones_of_damaged_ones(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One warning names what is damaged, why, and what is taken."""
    save(tmp_path, 1, 2, 50, 10, 11)
    tear(tmp_path / 'epoch_11.pth')
    (tmp_path / 'epoch_10.pth').write_bytes(b'')
    logger = MMLogger.get_instance('warnings', log_level='WARNING')
    logger.addHandler(caplog.handler)
    assert find(tmp_path) == 'epoch_2.pth'
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    for part in ('epoch_11.pth is truncated', 'epoch_10.pth is empty', f'resuming from {tmp_path / "epoch_2.pth"}'):
        assert part in record.message


def test_recorded_one_is_gone(tmp_path: Path) -> None:
    save(tmp_path, 1, 2, 3)
    (tmp_path / 'epoch_3.pth').unlink()
    assert find(tmp_path) == 'epoch_2.pth'


def test_names_of_the_recorded_one(tmp_path: Path) -> None:
    """A run that wrote iterations, and whose config now counts epochs, goes back to iterations."""
    save(tmp_path, 1, 2)
    save(tmp_path, 100, 200, name='iter_{}.pth')
    tear(tmp_path / 'iter_200.pth')
    assert find(tmp_path) == 'iter_100.pth'


def test_moved_folder(tmp_path: Path) -> None:
    save(tmp_path / 'here', 1, 2)
    shutil.move(tmp_path / 'here', tmp_path / 'there')
    assert find_resumable(tmp_path / 'there', tmp_path / 'there', EPOCHS) == tmp_path / 'there' / 'epoch_2.pth'


def test_all_damaged(tmp_path: Path) -> None:
    save(tmp_path, 1, 2)
    tear(tmp_path / 'epoch_1.pth')
    (tmp_path / 'epoch_2.pth').unlink()
    (tmp_path / 'epoch_2.pth').mkdir()
    with pytest.raises(ConfigError, match=r'epoch_2\.pth is a folder; .*epoch_1\.pth is truncated.*--resume PATH'):
        find(tmp_path)


def test_hostile_one_is_no_accident(tmp_path: Path) -> None:
    """It is named, and nothing older is taken in its place."""
    save(tmp_path, 1, 2)
    torch.save({'x': shell(tmp_path / 'forbidden')}, tmp_path / 'epoch_2.pth')
    with pytest.raises(ConfigError, match=r'epoch_2\.pth .*posix\.system'):
        find(tmp_path)
    assert not (tmp_path / 'forbidden').exists()
