"""The table of pre-trained features and step costs, from real short runs."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from cft.apis import load_config
from cft.models.losses import InfoNCELoss
from cft.registry import MODELS
from tests.support.command_line import ROOT, call_tool

BENCHMARKS = ROOT / 'tools' / 'benchmarks'


@pytest.mark.slow
def test_two_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """One row each; the first is the unit, hard examples cost more time and memory; nothing is trained twice."""
    configs = [ROOT / 'configs' / 'quickstart' / f'{name}_digits.py' for name in ('mocov2', 'hexa_moco')]
    options = ['--epochs', 1, '--rounds', 3, '--split', 'val', '--work-dir', tmp_path, '--executor', 'in-process']
    assert call_tool(monkeypatch, 'benchmarks/pretraining', *configs, *options) == 0
    first = {path: path.stat().st_mtime_ns for path in tmp_path.glob('runs/*/result.json')}
    assert len(first) == 4 and call_tool(monkeypatch, 'benchmarks/pretraining', *configs, *options) == 0
    assert first == {path: path.stat().st_mtime_ns for path in tmp_path.glob('runs/*/result.json')}
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith('| ')][-4:]
    assert '| 1.00 | 1.00 |' in table[2] and 'hexa_moco_digits' in table[3]
    plain, hard = json.loads((tmp_path / 'results.json').read_text())['methods']
    assert plain['random'] == hard['random'] and 50 < plain['random'][0] < 100
    assert plain['random_linear'] == hard['random_linear'] and 50 < plain['random_linear'][0] < 100
    assert plain['linear'] != plain['random_linear'] and plain['linear'] != plain['pretrained']
    assert hard['step_seconds'] > plain['step_seconds'] and hard['peak_bytes'] > plain['peak_bytes']


PAIRS = [('moco', 'mocov2'), ('swav', 'deepcluster')]


@pytest.mark.parametrize('data', ['digits', 'fashion'])
@pytest.mark.parametrize(('theirs', 'ours'), PAIRS)
def test_configs_of_lightly_differ_in_the_model_alone(theirs: str, ours: str, data: str) -> None:
    found = load_config(BENCHMARKS / 'lightly' / f'{theirs}_{data}.py')
    expected = load_config(ROOT / 'configs' / 'quickstart' / f'{ours}_{data}.py')
    for part in ('train_dataloader', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'default_hooks', 'test_pipeline'):
        assert found[part] == expected[part], part
    same = ('data_preprocessor',) if theirs == 'moco' else ('data_preprocessor', 'backbone')
    assert all(found.model[part] == expected.model[part] for part in same)
    keys = {key for key, value in found.model.backbone.items() if value != expected.model.backbone.get(key)}
    assert keys <= {'norm_cfg'}


@pytest.mark.parametrize(('name', 'widths'), [('moco', (64, 128, 128)), ('swav', (64, 128, 64))])
def test_models_of_lightly(name: str, widths: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """MoCo's loss is our InfoNCE on its own query, key and memory bank; all that is to be trained gets a gradient."""
    pytest.importorskip('lightly')
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    model: Any = MODELS.build(load_config(BENCHMARKS / 'lightly' / f'{name}_digits.py').model)
    model.init_weights()
    views = list(torch.randn(2, 12, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    if name == 'moco':
        bank = model.criterion.memory_bank.bank.clone()
        query = model.neck(model.backbone(views[0]))
        # The same weights, and in training mode the same statistics: before the first step the two encoders agree.
        key = model.neck(model.backbone(views[1]))
        expected = InfoNCELoss(temperature=0.2)(query, key, bank)
        torch.testing.assert_close(model.loss(views, [])['loss'], expected)
        assert not torch.equal(model.criterion.memory_bank.bank, bank)
    model.loss(views, [])['loss'].backward()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert trained and all(parameter.grad is not None for parameter in trained)
    assert model.neck(model.backbone(views[0])).shape == (12, widths[-1])
    assert any('momentum' in part for part, _ in model.named_modules()) == (name == 'moco')
