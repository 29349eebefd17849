"""complete_detection_folder: kind, classes, widths and normalisation of own detection data; trained and predicted."""

import logging
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.logging import MMLogger
from PIL import Image

from cft.apis import load_config, predict, train
from cft.apis.completion.completion import complete_config
from cft.apis.completion.detection_config import complete_detection_folder
from cft.engine.coco_evaluators import check_coco_evaluators
from cft.errors import ConfigError
from tests.datasets.test_detection_layouts import write, yolo
from tests.support.detection_files import CLASSES, drawn_pictures, put, write_yolo
from tests.support.digits_runs import CONFIGS, FINE_TUNING


def completed(root: Path, config: str = 'ce/r50_folder_det', **overrides: object) -> Config:
    cfg = load_config(config, {'data_root': str(root)} | overrides)
    complete_config(cfg)
    return cfg


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    MMLogger.get_instance('detection', log_level='INFO').addHandler(caplog.handler)
    caplog.set_level(logging.INFO)
    return caplog


def test_what_is_left_to_the_data(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    """It stands in the config of the run, which is complete without the data, and is told in one line."""
    write(tmp_path, 'yolo yaml')
    cfg = completed(tmp_path, 'coretuning/r50_folder_mask_det')
    assert cfg.label_format == 'yolo'
    assert cfg.model.roi_head.bbox_head.num_classes == cfg.model.roi_head.mask_head.num_classes == 2
    for split in ('train', 'val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        assert (dataset.label_format, list(dataset.metainfo.classes)) == ('yolo', ['bee', 'cat'])
    line = f'{tmp_path}: YOLO text, train images/train (2 images), val images/val (1 images); 2 classes: bee, cat'
    assert line in logged.text
    cfg.dump(tmp_path / 'config.py')
    again = load_config(tmp_path / 'config.py')
    before = again.to_dict()
    complete_config(again)
    assert again.to_dict() == before


def test_a_made_validation_split_is_told(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    write(tmp_path, 'yolo yaml')
    for index in range(18):
        put(tmp_path / f'images/train/x{index}.jpg', (tmp_path / 'images/train/a.jpg').read_bytes())
        put(tmp_path / f'labels/train/x{index}.txt', yolo('a'))
    put(tmp_path / 'data.yaml', 'train: images/train\nnames: [bee, cat]\n')
    completed(tmp_path)
    assert '(20 images); 2 of the training images are held out for validation; 2 classes' in logged.text


def test_what_is_said_stays(tmp_path: Path) -> None:
    """A number of classes; an order of the classes; the kind of labels."""
    write(tmp_path, 'coco flat')
    put(tmp_path / 'Annotations/a.xml', '<annotation/>')
    assert completed(tmp_path, label_format='coco').train_dataloader.dataset.label_format == 'coco'
    cfg = completed(
        tmp_path,
        label_format='coco',
        **{
            'model.roi_head.bbox_head.num_classes': 5,
            'train_dataloader.dataset.metainfo': {'classes': ['cat', 'bee']},
        },
    )
    assert cfg.model.roi_head.bbox_head.num_classes == 5
    assert [list(cfg[f'{split}_dataloader'].dataset.metainfo.classes) for split in ('train', 'val', 'test')] == [
        ['cat', 'bee']
    ] * 3


def test_normalization_is_that_of_the_training_images(tmp_path: Path) -> None:
    """By NumPy, over the pixels of a and b; the colours are in the order of the preprocessor."""
    write(tmp_path, 'yolo names')
    for name, colour in {'a': (10, 20, 30), 'b': (50, 60, 90)}.items():
        (tmp_path / f'images/train/{name}.jpg').unlink()
        Image.fromarray(np.full((20, 40, 3), colour, np.uint8)).save(tmp_path / f'images/train/{name}.png')
    cfg = completed(tmp_path, normalization='dataset')
    assert cfg.model.data_preprocessor.mean == [30, 40, 60] and cfg.model.data_preprocessor.std == [20, 20, 30]
    assert cfg.model.data_preprocessor.bgr_to_rgb and 'to_rgb' not in cfg.model.data_preprocessor
    assert completed(tmp_path).model.data_preprocessor.mean == [123.675, 116.28, 103.53]
    with pytest.raises(ConfigError, match=r"normalization must be .*, got 'datset'"):
        completed(tmp_path, normalization='datset')


def test_other_data_sets_are_left_alone() -> None:
    cfg = load_config('ce/r50_voc_det')
    before = cfg.to_dict()
    complete_detection_folder(cfg)
    assert cfg.to_dict() == before


def test_no_metric_reads_the_labels_again() -> None:
    """Unchecked, and with ids that pycocotools misreads."""
    cfg = load_config('ce/r50_folder_det')
    check_coco_evaluators(cfg._cfg_dict)
    cfg.test_evaluator = dict(type='CocoMetric', ann_file='test.json')
    with pytest.raises(ConfigError, match='test_evaluator: CocoMetric would read ann_file unchecked'):
        check_coco_evaluators(cfg._cfg_dict)


def test_every_method_has_the_task() -> None:
    for method in FINE_TUNING:
        for name in ('r50_folder_det', 'r50_folder_mask_det', 'folder_det'):
            assert (CONFIGS / method / f'{name}.py').is_file()
            assert load_config(f'{method}/{name}').model.roi_head.bbox_head.num_classes is None


SMALL = {
    'image_size': 64,
    'epochs': 1,
    'model.train_cfg.rpn_proposal.max_per_img': 50,
    'model.train_cfg.rcnn.sampler.num': 32,
    'model.test_cfg.rpn.max_per_img': 50,
    'train_dataloader.num_workers': 0,
    'val_dataloader.num_workers': 0,
    'test_dataloader.num_workers': 0,
}


@pytest.mark.slow
def test_train_test_and_predict(tmp_path: Path) -> None:
    """An epoch of own data; the classes of the run's own config have their names."""
    pictures = drawn_pictures(tmp_path / 'shapes')
    write_yolo(tmp_path / 'data', pictures)
    cfg = load_config(
        'schane/folder_det', {'data_root': str(tmp_path / 'data'), 'backbone': 'timm/convnext_atto', **SMALL}
    )
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'run'), 'own_boxes'
    runner = train(cfg)
    assert runner.epoch == 1 and 0 <= runner.message_hub.get_scalar('val/coco/bbox_mAP').current() <= 1
    assert runner.test()['coco/bbox_mAP'] >= 0
    everything = {'model.test_cfg.rcnn.score_thr': 0.0}
    image = pictures['test'][0].file
    [found] = predict(tmp_path / 'run', tmp_path / 'run/epoch_1.pth', [image], overrides=everything)
    assert found['boxes'] and all(box['class'] == CLASSES[box['label']] for box in found['boxes'])
