"""A work dir stands for its config and one of its checkpoints."""

from pathlib import Path

import pytest
import torch

from cft.apis.running.trained_model import find_trained
from cft.errors import ConfigError


def work_dir(root: Path, *checkpoints: str) -> Path:
    (root / 'config.py').write_text('')
    for name in checkpoints:
        torch.save({'state_dict': {'weight': torch.zeros(1)}}, root / name)
    return root


@pytest.mark.parametrize(
    ('files', 'expected'),
    [
        (['epoch_2.pth', 'epoch_10.pth'], 'epoch_10.pth'),
        (['iter_9.pth', 'iter_80.pth'], 'iter_80.pth'),
        (['epoch_9.pth', 'best_accuracy_top1_epoch_3.pth'], 'best_accuracy_top1_epoch_3.pth'),
        # A run that was killed between writing and removing.
        (['best_a_top1_epoch_9.pth', 'best_a_top1_epoch_10.pth'], 'best_a_top1_epoch_10.pth'),
        (['best_coco_bbox_mAP_50_iter_100.pth', 'iter_400.pth'], 'best_coco_bbox_mAP_50_iter_100.pth'),
    ],
)
def test_the_best_or_the_newest(files: list[str], expected: str, tmp_path: Path, caplog) -> None:
    folder = work_dir(tmp_path, *files)
    assert find_trained(folder) == (folder / 'config.py', folder / expected)
    assert find_trained(str(folder), 'other.pth') == (folder / 'config.py', Path('other.pth'))


def test_the_newest_is_what_the_run_says(tmp_path: Path) -> None:
    folder = work_dir(tmp_path, 'epoch_2.pth', 'epoch_10.pth')
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_2.pth'))
    assert find_trained(folder)[1] == folder / 'epoch_2.pth'


def test_mistakes(tmp_path: Path) -> None:
    (tmp_path / 'several').mkdir()
    several = work_dir(tmp_path / 'several', 'best_a_epoch_1.pth', 'best_b_epoch_2.pth')
    with pytest.raises(ConfigError, match=r'several metrics; name one of best_a_epoch_1\.pth, best_b_epoch_2\.pth'):
        find_trained(several)
    (tmp_path / 'new').mkdir()
    with pytest.raises(ConfigError, match='has no checkpoint yet'):
        find_trained(work_dir(tmp_path / 'new'))
    with pytest.raises(ConfigError, match=r'r50_folder\.py is a config, and a checkpoint is required with it'):
        find_trained('ce/r50_folder')
    with pytest.raises(ConfigError, match='no config nowhere'):
        find_trained('nowhere')
