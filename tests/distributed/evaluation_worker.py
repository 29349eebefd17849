"""Started by test_evaluation_in_two_processes.py: both evaluate the same 297 images, of which one is padded."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from cft.apis import build_runner, evaluate
from cft.apis.evaluation.weights import load_weights
from cft.engine.ordered_pass import in_order, objects_in_order
from cft.evaluation import Evaluation
from tests.support.digits_runs import short_config
from tests.support.two_ranks import run_cases

FOLDER = Path(sys.argv[1])
ALONE = json.loads((FOLDER / 'alone' / 'evaluation_val.json').read_text())
MEASURES = ['knn/k20', 'linear_probe', 's_dbw/tong', 'retrieval', 'isotropy']
OUT, WEIGHTS = FOLDER / 'together', FOLDER / 'model.pth'


def evaluation() -> None:
    """Every number, table and row is that of one process, on both ranks."""
    found = evaluate('quickstart/ce_digits', WEIGHTS, None, MEASURES, 'val', OUT, launcher='pytorch')
    assert set(found.metrics) == set(ALONE['metrics']) and 's_dbw/tong' in found.metrics
    assert found.metrics == pytest.approx(ALONE['metrics'], rel=1e-4)
    assert found.tables['confusion'] == ALONE['tables']['confusion'] and found.images == 297
    assert found.notes == ALONE['notes']
    dist.barrier()
    assert Evaluation.read(OUT, 'val') == Evaluation(**json.loads(found.json_text()))
    for name in ('val', 'train'):
        rows, expected = (np.load(folder / f'features_{name}.npy') for folder in (OUT, FOLDER / 'alone'))
        np.testing.assert_allclose(rows, expected, rtol=1e-4, atol=1e-5)
    with np.load(OUT / 'predictions_val.npz') as rows, np.load(FOLDER / 'alone' / 'predictions_val.npz') as expected:
        assert all((rows[name] == expected[name]).all() for name in ('paths', 'labels'))


def hook() -> None:
    """The numbers of a validation are those of one process, and both ranks have them."""
    cfg = short_config('ce', FOLDER / 'hook', iterations=1)
    cfg.launcher = 'pytorch'
    cfg.custom_hooks = [dict(type='cft.EmbeddingMeasuresHook', measures=['isotropy', 's_dbw/tong', 'retrieval'])]
    runner = build_runner(cfg)
    load_weights(runner, str(WEIGHTS))
    found = runner.val()
    others = ('knn', 'linear', 'calibration', 'accuracy/mean')
    assert set(found) == {name for name in ALONE['metrics'] if not name.startswith(others)}
    assert found == pytest.approx({name: ALONE['metrics'][name] for name in found}, rel=1e-4)


def order() -> None:
    """Rows and objects come as the data set has them, without the padding; of five the sixth is the first again."""
    own = [[0, 2, 4], [1, 3, 0]][dist.get_rank()]
    batches = [{'rows': torch.tensor(part)} for part in (own[:2], own[2:])]
    assert [part['rows'].tolist() for part in in_order(batches, 5)] == [[0, 1, 2, 3], [4]]
    assert objects_in_order([str(number) for number in own], 5) == list('01234')


if __name__ == '__main__':
    sys.exit(run_cases({'order': order, 'evaluation': evaluation, 'hook': hook}))
