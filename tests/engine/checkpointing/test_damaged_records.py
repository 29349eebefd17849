"""A damaged last_checkpoint or message hub stops no resume."""

from pathlib import Path

import pytest
import torch

from cft.engine.checkpointing import find_resumable
from cft.engine.checkpointing.hub import mend_message_hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for step in (1, 2):
        torch.save({'state_dict': {'w': torch.ones(3)}}, tmp_path / f'epoch_{step}.pth')
    return tmp_path


@pytest.mark.parametrize(
    'record',
    [b'\xff\xfe\x00garbage', b'x' * 100_000, b'/', b'..', b'a\0b', b'epoch_0.pth', b'/etc/passwd-9', b'no number'],
)
def test_record_of_nothing(folder: Path, record: bytes) -> None:
    (folder / 'last_checkpoint').write_bytes(record)
    assert find_resumable(folder, folder, 'epoch_{}.pth') == folder / 'epoch_2.pth'


def test_record_is_a_folder(folder: Path) -> None:
    (folder / 'last_checkpoint').mkdir()
    assert find_resumable(folder, folder, 'epoch_{}.pth') == folder / 'epoch_2.pth'


def test_weights_that_are_not_finite_are_passed_over(folder: Path) -> None:
    torch.save({'state_dict': {'w': torch.tensor([1.0, torch.nan])}}, folder / 'epoch_2.pth')
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_2.pth'))
    assert find_resumable(folder, folder, 'epoch_{}.pth') == folder / 'epoch_1.pth'


@pytest.mark.parametrize('hub', [None, 3, [], {}, {'log_scalars': 'x', 'runtime_info': {}, 'resumed_keys': {}}])
def test_hub_without_its_parts(hub: object) -> None:
    content = {'message_hub': hub}
    mend_message_hub(content, 'file.pth')
    assert content['message_hub'] == {'log_scalars': {}, 'runtime_info': {}, 'resumed_keys': {}}


def test_what_is_whole_in_a_hub_stays() -> None:
    info = {'best_score': 0.5, 'keep_ckpt_ids': 7, 'last_ckpt': 3, 'own': object}
    content = {'message_hub': {'log_scalars': {'a': 1}, 'runtime_info': info, 'resumed_keys': {'own': True}}}
    mend_message_hub(content, 'file.pth')
    hub = content['message_hub']
    assert hub == {'log_scalars': {}, 'runtime_info': {'best_score': 0.5, 'own': object}, 'resumed_keys': {'own': True}}
