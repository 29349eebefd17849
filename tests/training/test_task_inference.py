"""mmseg's and mmdet's own inference reads our configs and checkpoints."""

from pathlib import Path

import cv2
import pytest
import torch
from mmengine.runner import Runner

from cft.apis import train
from cft.engine.model_access import unwrap_model
from tests.support.tasks import quickstart_config


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('data')


def trained(task: str, data: Path, work_dir: Path) -> tuple[Runner, str, str]:
    """The runner, and the config and checkpoint files that it left."""
    cfg = quickstart_config('coretuning', task, data, work_dir)
    cfg.default_hooks.checkpoint = dict(type='cft.AtomicCheckpointHook', by_epoch=False, interval=3)
    runner = train(cfg)
    return runner, str(next(work_dir.glob('*.py'))), str(work_dir / 'iter_3.pth')


def own_prediction(runner: Runner, index: int) -> object:
    """What the test data loader and the trained model give for an image of the test split."""
    model = unwrap_model(runner.model).eval()
    dataset = runner.build_dataloader(runner.cfg.test_dataloader).dataset
    sample = dataset[index]
    return model.test_step({'inputs': [sample['inputs']], 'data_samples': [sample['data_samples']]})[0]


@pytest.mark.slow
@pytest.mark.parametrize('form', ['path', 'array'])
def test_segmentation(form: str, data: Path, tmp_path: Path) -> None:
    from mmseg.apis import inference_model, init_model

    runner, config, checkpoint = trained('seg', data, tmp_path)
    image = str(data / 'shapes' / 'JPEGImages' / 'test_000000.jpg')
    model = init_model(config, checkpoint, device='cpu')
    result = inference_model(model, image if form == 'path' else cv2.imread(image))
    assert torch.equal(result.pred_sem_seg.data, own_prediction(runner, 0).pred_sem_seg.data)
    assert model.dataset_meta['classes'] == ('background', 'circle', 'square', 'triangle', 'star')


@pytest.mark.parametrize('form', ['path', 'array'])
def test_detection(form: str, data: Path, tmp_path: Path) -> None:
    from mmdet.apis import inference_detector, init_detector

    runner, config, checkpoint = trained('det', data, tmp_path)
    image = str(data / 'shapes' / 'JPEGImages' / 'test_000000.jpg')
    model = init_detector(config, checkpoint, device='cpu')
    found = inference_detector(model, image if form == 'path' else cv2.imread(image)).pred_instances
    expected = own_prediction(runner, 0).pred_instances
    assert len(found) == len(expected) > 0
    assert torch.equal(found.bboxes, expected.bboxes) and torch.equal(found.scores, expected.scores)
    assert torch.equal(found.labels, expected.labels)
    assert tuple(model.dataset_meta['classes']) == ('circle', 'square', 'triangle', 'star')
