"""What cft pre-trained loads into a fine-tuning config by one line."""

from pathlib import Path

import pytest
import torch

from cft.apis import build_runner, initialise, load_config
from tests.support.digits_runs import CONFIGS, PRETRAINING, run, weights

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('name', PRETRAINING)
def test_checkpoint_of_each_method(name: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Every tensor of the backbone is the online encoder's clean one; the log says what was loaded."""
    settings = {'model__num_prototypes': (6, 4)} if 'cluster' in name else {}
    run(name, tmp_path / 'pretraining', iterations=1, **settings)
    checkpoint = tmp_path / 'pretraining' / 'epoch_1.pth'
    pretrained = weights(checkpoint)
    cfg = load_config(CONFIGS / 'quickstart' / 'coretuning_digits.py', {'checkpoint': str(checkpoint)})
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'fine_tuning'), f'from_{name}'
    runner = build_runner(cfg)
    initialise(runner)
    model = runner.model
    assert model.backbone.state_dict()
    for own, value in model.backbone.state_dict().items():
        assert torch.equal(value, pretrained[f'backbone.{own}']), own
    assert 'tensors loaded' in capsys.readouterr().out
