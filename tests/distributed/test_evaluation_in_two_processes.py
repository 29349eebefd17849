"""Two processes that share the images measure what one does."""

from pathlib import Path

import pytest
import torch

from cft.apis import build_runner, evaluate, load_config
from tests.support.digits_runs import CONFIGS
from tests.support.two_ranks import output_of

MEASURES = ['knn/k20', 'linear_probe', 's_dbw/tong', 'retrieval', 'isotropy']
pytestmark = pytest.mark.slow


def test_equal_to_one_process(tmp_path: Path) -> None:
    config = CONFIGS / 'quickstart' / 'ce_digits.py'
    runner = build_runner(load_config(config, {'work_dir': str(tmp_path / 'built')}))
    classes = {'dataset_meta': {'classes': list('0123456789')}}
    torch.save({'state_dict': runner.model.state_dict(), 'meta': classes}, tmp_path / 'model.pth')
    evaluate(config, tmp_path / 'model.pth', None, MEASURES, 'val', tmp_path / 'alone')
    printed = output_of('tests.distributed.evaluation_worker', tmp_path)
    assert printed.count(': ok') == 6
