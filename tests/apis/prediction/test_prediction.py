"""predict: what it returns and writes is what OpenMMLab's own inference says, for every task."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from cft.apis import build_runner, predict, train
from cft.apis.running.runner import EvaluationRunner
from cft.checkpoints import read_state_dict
from cft.datasets import Digits
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError
from tests.support.tasks import quickstart_config


def trained(task: str, root: Path) -> tuple[Path, Path, object]:
    """Config folder and checkpoint of three steps, and the runner."""
    work_dir = root / f'run_{task}'
    cfg = quickstart_config('ce', task, root / 'data', work_dir)
    cfg.default_hooks.checkpoint = dict(type='cft.AtomicCheckpointHook', by_epoch=False, interval=3)
    return work_dir, work_dir / 'iter_3.pth', train(cfg)


def test_classification(tmp_path: Path) -> None:
    """Files of a folder in their order; label and score are the model's own on the same pixels."""
    work_dir, checkpoint, runner = trained('cls', tmp_path)
    images = tmp_path / 'images'
    images.mkdir()
    digits = Digits(split='test')
    for index in range(3):
        cv2.imwrite(str(images / f'{index}.png'), digits.get_data_info(index)['img'])
    found = predict(work_dir, checkpoint, images, out_dir=tmp_path / 'out')
    assert [Path(result['image']).name for result in found] == ['0.png', '1.png', '2.png']
    model = unwrap_model(runner.model).eval()
    for index, result in enumerate(found):
        pixels = torch.from_numpy(digits.get_data_info(index)['img']).permute(2, 0, 1)[None]
        data = model.data_preprocessor({'inputs': pixels}, False)
        scores = model(data['inputs'], mode='tensor')
        scores = model.head.fc(scores[-1]) if isinstance(scores, tuple) else scores
        scores = torch.softmax(scores, dim=1)[0]
        assert result['label'] == int(scores.argmax())
        assert result['score'] == pytest.approx(float(scores.max()), abs=1e-4)
    assert json.loads((tmp_path / 'out' / 'predictions.json').read_text()) == found
    assert (tmp_path / 'out' / '0.png').is_file()


def test_segmentation(tmp_path: Path) -> None:
    """The mask has the image's size, and its classes are the fractions that are told."""
    work_dir, checkpoint, _ = trained('seg', tmp_path)
    image = tmp_path / 'data' / 'shapes' / 'JPEGImages' / 'test_000000.jpg'
    [found] = predict(work_dir, checkpoint, image, out_dir=tmp_path / 'out')
    mask = np.asarray(Image.open(tmp_path / 'out' / 'test_000000_mask.png'))
    assert mask.shape == cv2.imread(str(image)).shape[:2]
    classes = ('background', 'circle', 'square', 'triangle', 'star')
    expected = {classes[label]: float((mask == label).mean()) for label in np.unique(mask)}
    assert found['fractions'] == pytest.approx(expected)
    assert sum(found['fractions'].values()) == pytest.approx(1)


def test_detection(tmp_path: Path) -> None:
    """Boxes of one image, within it, with a class and a score; nothing is written without a folder."""
    work_dir, checkpoint, _ = trained('det', tmp_path)
    image = tmp_path / 'data' / 'shapes' / 'JPEGImages' / 'test_000000.jpg'
    before = sorted(tmp_path.rglob('*'))
    [found] = predict(work_dir, checkpoint, [image])
    assert sorted(tmp_path.rglob('*')) == before
    height, width = cv2.imread(str(image)).shape[:2]
    assert found['boxes']
    for box in found['boxes']:
        x1, y1, x2, y2 = box['bbox']
        assert 0 <= x1 <= x2 <= width and 0 <= y1 <= y2 <= height and 0 <= box['score'] <= 1
        assert box['class'] == ('circle', 'square', 'triangle', 'star')[box['label']]


@pytest.mark.slow
@pytest.mark.parametrize('task', ['seg', 'det'])
def test_classes_without_names(task: str, tmp_path: Path) -> None:
    """Told by their numbers: OpenMMLab names them after Cityscapes and COCO, or asks for them in a traceback."""
    cfg = quickstart_config('ce', task, tmp_path / 'data', tmp_path / 'run')
    runner = build_runner(cfg, EvaluationRunner)
    torch.save({'state_dict': unwrap_model(runner.model).state_dict()}, tmp_path / 'bare.pth')
    image = tmp_path / 'data' / 'shapes' / 'JPEGImages' / 'test_000000.jpg'
    cfg.dump(tmp_path / 'config.py')
    [found] = predict(tmp_path / 'config.py', tmp_path / 'bare.pth', image, out_dir=tmp_path / 'out')
    names = found['fractions'].keys() if task == 'seg' else {box['class'] for box in found['boxes']}
    assert names and names <= set('01234')
    assert (tmp_path / 'out' / 'test_000000.png').is_file()


def test_mistakes(tmp_path: Path) -> None:
    """No image, no such file, and a checkpoint of another model, which OpenMMLab would load in part."""
    work_dir, checkpoint, _ = trained('cls', tmp_path)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ConfigError, match='no image to predict'):
        predict(work_dir, checkpoint, tmp_path / 'empty')
    with pytest.raises(ConfigError, match='nowhere.jpg: no such image or folder'):
        predict(work_dir, checkpoint, tmp_path / 'nowhere.jpg')
    image = tmp_path / 'a.png'
    cv2.imwrite(str(image), np.zeros((16, 16, 3), np.uint8))
    backbone = tmp_path / 'backbone.pth'
    state = read_state_dict(checkpoint)
    torch.save({'state_dict': {name: value for name, value in state.items() if 'head' not in name}}, backbone)
    with pytest.raises(
        ConfigError, match=r'no checkpoint of this model: it lacks 2 of its \d+ tensors, first head\.fc'
    ):
        predict(work_dir, backbone, image)
