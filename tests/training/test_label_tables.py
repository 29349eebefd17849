"""Trainings on tables: one label each with a contrastive method, several labels with mAP."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from sklearn.metrics import average_precision_score

from cft.apis import load_config, predict, train
from cft.apis import test as evaluate
from cft.datasets import MultiLabelTable
from cft.registry import MODELS
from tests.datasets.label_files import write_table

SMALL = {
    'model.backbone.depth': 18,
    'model.head.in_channels': 512,
    'image_size': 32,
    'batch_size': 8,
    'epochs': 1,
    **{f'{split}_dataloader.num_workers': 0 for split in ('train', 'val', 'test')},
}


@pytest.mark.slow
def test_one_label(tmp_path: Path) -> None:
    """Patients stay together; the config that is left names the table and reads it again."""
    rows = [(f'images/{i}.png', ['ill', 'well'][i % 2], f'p{i // 4}') for i in range(40)]
    table = write_table(tmp_path, rows, 'path,label,patient')
    settings = {'data_root': str(tmp_path), 'work_dir': str(tmp_path / 'run'), 'normalization': 'dataset'}
    runner = train(
        load_config('coretuning/r50_folder', SMALL | settings | {'model.head.contrastive.projector.in_channels': 512})
    )
    assert runner.iter == 5 and len(runner.val_dataloader.dataset) == 4
    left = Config.fromfile(tmp_path / 'run' / 'r50_folder.py')
    assert left.train_dataloader.dataset.type == 'cft.LabelTable' and left.data_root == str(table)
    assert left.model.head.num_classes == 2 and left.model.data_preprocessor.mean != [123.675, 116.28, 103.53]
    cfg = load_config(tmp_path / 'run' / 'r50_folder.py', {'load_from': str(tmp_path / 'run' / 'epoch_1.pth')})
    assert 0 <= evaluate(cfg)['accuracy/top1'] <= 100


@pytest.mark.slow
def test_several_labels(tmp_path: Path) -> None:
    """What is measured is scikit-learn's mAP of the scores that the trained model gives, images without labels too."""
    names = ['dog', 'grass', 'sky']
    rows = [(f'{i}.png', '|'.join(name for bit, name in enumerate(names) if i >> bit & 1)) for i in range(48)]
    rows = [(*row, 'test' if i % 3 == 0 else 'train') for i, row in enumerate(rows)]
    table = write_table(tmp_path, rows, 'path,label,split')
    settings = {'data_root': str(table), 'work_dir': str(tmp_path / 'run')}
    train(load_config('ce/r50_folder_multilabel', SMALL | settings))
    [best] = (tmp_path / 'run').glob('best_multi-label_mAP_epoch_1.pth')
    cfg = load_config(tmp_path / 'run' / 'r50_folder_multilabel.py', {'load_from': str(best)})
    measured = evaluate(cfg)['multi-label/mAP']

    data = MultiLabelTable(str(table), split='test', pipeline=cfg.test_dataloader.dataset.pipeline)
    assert [] in [data.get_cat_ids(index) for index in range(len(data))]
    model = MODELS.build(cfg.model).eval()
    model.load_state_dict(torch.load(best, weights_only=False)['state_dict'])
    scores, present = [], np.zeros((len(data), 3))
    with torch.no_grad():
        for index in range(len(data)):
            sample = data[index]
            batch = model.data_preprocessor(
                {'inputs': sample['inputs'][None], 'data_samples': [sample['data_samples']]}
            )
            scores.append(model(**batch, mode='predict')[0].pred_score.numpy())
            present[index, data.get_cat_ids(index)] = 1
    assert measured == pytest.approx(100 * average_precision_score(present, np.stack(scores), average='macro'), abs=0.1)

    files = [data.get_data_info(index)['img_path'] for index in range(len(data))]
    found = predict(tmp_path / 'run', images=files, out=tmp_path / 'found.csv')
    expected = [[(names[k], value) for k, value in enumerate(row) if value >= 0.5] for row in np.stack(scores)]
    for result, pairs in zip(found, expected, strict=True):
        assert [label['class'] for label in result['labels']] == [name for name, _ in pairs]
        assert [label['score'] for label in result['labels']] == pytest.approx([value for _, value in pairs], abs=1e-5)
    lines = (tmp_path / 'found.csv').read_text().splitlines()
    assert len(lines) == 1 + sum(max(1, len(pairs)) for pairs in expected)
