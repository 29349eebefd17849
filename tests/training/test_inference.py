"""OpenMMLab's inference API reads our configs and checkpoints."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cft.datasets import Digits
from tests.support.digits_runs import run


@pytest.mark.slow
@pytest.mark.parametrize('method', ['ce', 'bituning'])
def test_inferencer_classifies_images(method: str, tmp_path: Path) -> None:
    """A trained digit classifier, through the dumped config and from image files, equals the runner's predictions."""
    from mmpretrain import ImageClassificationInferencer

    runner = run(method, tmp_path, iterations=120, train_dataloader__dataset__per_class=40)
    inferencer = ImageClassificationInferencer(str(tmp_path / f'{method}_digits.py'), str(tmp_path / 'iter_120.pth'))
    digits = Digits(split='test')
    images = [digits.get_data_info(index)['img'] for index in range(40)]
    labels = digits.get_gt_labels()[:40]
    cv2.imwrite(str(tmp_path / 'digit.png'), images[0])
    predictions = [result['pred_label'] for result in inferencer(images, batch_size=20)]
    assert np.mean(predictions == labels) > 0.5
    assert inferencer(str(tmp_path / 'digit.png'))[0]['pred_label'] == predictions[0]
    assert inferencer(str(tmp_path / 'digit.png'))[0]['pred_class'] == str(predictions[0])

    batch = next(iter(runner.test_dataloader))
    runner.model.eval()
    expected = [int(sample.pred_label) for sample in runner.model.test_step(batch)[:40]]
    assert predictions == expected
