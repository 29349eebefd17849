"""Segmentation and detection: the evaluator's own numbers, and tables that agree with them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.runner import Runner

from cft.apis import build_runner, evaluate_runner
from cft.apis.running.runner import EvaluationRunner
from cft.errors import ConfigError
from cft.evaluation.segmentation_tables import class_scores
from tests.support.tasks import quickstart_config

pytestmark = pytest.mark.slow


def runner_of(task: str, tmp_path: Path) -> Runner:
    cfg = quickstart_config('ce', task, tmp_path / 'data', tmp_path / 'run')
    return build_runner(cfg, EvaluationRunner)


def test_segmentation(tmp_path: Path) -> None:
    runner = runner_of('seg', tmp_path)
    found = evaluate_runner(runner, 'test', ['knn'])
    assert found.task == 'segmentation' and found.images == 2
    rows = found.tables['per_class']['rows']
    own = [row[1] for row in rows if row[1] is not None]
    # mmseg writes two digits.
    assert found.metrics['mIoU'] == pytest.approx(np.mean(own), abs=0.006)
    confusion = np.array([row[1:] for row in found.tables['confusion']['rows']])
    assert found.metrics['aAcc'] == pytest.approx(100 * np.trace(confusion) / confusion.sum(), abs=0.006)
    assert class_scores(confusion)['iou'][~np.isnan(class_scores(confusion)['iou'])] == pytest.approx(own)
    lines = (tmp_path / 'run' / found.files['predictions']).read_text().splitlines()
    images = [json.loads(line) for line in lines]
    assert [image['path'] for image in images] == ['JPEGImages/test_000000.jpg', 'JPEGImages/test_000001.jpg']
    assert {row[0]: row[1] for row in found.tables['worst_images']['rows']} == {i['path']: i['miou'] for i in images}
    assert 'measures of features are left out' in found.notes[0]
    with pytest.raises(ConfigError, match='no segmentation can be measured'):
        evaluate_runner(runner, 'test', predicts=False)


def test_detection(tmp_path: Path) -> None:
    """Boxes at the objects, so that there is something to find: the head tells what the annotations say."""
    runner = runner_of('det', tmp_path)
    dataset = runner.build_dataloader(runner.cfg.test_dataloader).dataset
    objects = {dataset.get_data_info(n)['img_path']: dataset.get_data_info(n)['instances'] for n in range(len(dataset))}
    step = runner.model.test_step

    def telling(batch: dict) -> list:
        samples = step(batch)
        for sample in samples:
            there = objects[sample.img_path][1:]
            kind = type(sample.pred_instances)
            sample.pred_instances = kind(
                bboxes=torch.tensor([entry['bbox'] for entry in there], dtype=torch.float32).reshape(-1, 4) + 1.0,
                labels=torch.tensor([entry['bbox_label'] for entry in there], dtype=torch.long),
                scores=torch.linspace(0.9, 0.5, len(there)),
            )
        return samples

    runner.model.test_step = telling
    found = evaluate_runner(runner, 'test', [])
    total = sum(map(len, objects.values()))
    rows = found.tables['per_class']['rows']
    assert sum(row[5] for row in rows) == total and not found.notes
    averages = [row[1] for row in rows if row[1] is not None]
    # COCO's evaluator writes three digits, of parts of 1.
    assert found.metrics['coco/bbox_mAP'] == pytest.approx(np.mean(averages) / 100, abs=6e-4)
    averages = [row[2] for row in rows if row[2] is not None]
    assert found.metrics['coco/bbox_mAP_50'] == pytest.approx(np.mean(averages) / 100, abs=6e-4)
    assert min(found.metrics.values()) >= 0
    images = [json.loads(line) for line in (tmp_path / 'run' / found.files['predictions']).read_text().splitlines()]
    for image, instances in zip(images, objects.values(), strict=True):
        assert len(image['boxes']) == len(instances) - 1 == image['found'] + image['false']
        assert image['found'] + image['missed'] == len(instances)
