"""tools/checkpoints: what they print, what they write and what they refuse, as a user runs them."""

import re
import sys
from pathlib import Path

import pytest
import torch
import torchvision
from mmengine.registry import MODELS, DefaultScope
from safetensors.torch import load_file

from tests.support.command_line import ROOT, call_tool, shell

WEIGHTS = {f'module.encoder_q.{n}': v for n, v in torchvision.models.resnet18(num_classes=4).state_dict().items()}
ENCODER = [name for name in WEIGHTS if '.fc.' not in name]


@pytest.fixture
def moco(tmp_path: Path) -> Path:
    content = {'epoch': 200, 'arch': 'resnet18', 'optimizer': {'state': {}}, 'state_dict': dict(WEIGHTS)}
    content['state_dict'] |= {name.replace('encoder_q', 'encoder_k'): value for name, value in WEIGHTS.items()}
    content['state_dict']['module.queue'] = torch.ones(2, 2)
    torch.save(content, tmp_path / 'moco.pth.tar')
    return tmp_path / 'moco.pth.tar'


def test_inspect_as_a_command(moco: Path, tmp_path: Path) -> None:
    """From another folder."""
    tool = ROOT / 'tools/checkpoints/inspect_checkpoint.py'
    done = shell(sys.executable, tool, moco, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines == [
        ['source', 'MoCo', '(v1,', 'v2)', '(the', 'query', 'encoder', 'is', 'taken)'],
        ['architecture', 'ResNet-18'],
        ['tensors', f'{2 * len(WEIGHTS) + 1},', 'under', 'state_dict'],
        ['prefixes', 'module.encoder_q.', str(len(WEIGHTS))],
        ['module.encoder_k.', str(len(WEIGHTS))],
        ['module.queue', '1'],
        ['beside', 'them', 'epoch=200'],
        ['arch=resnet18'],
        ['optimizer', '(dict', 'of', '1)'],
    ]


def test_inspect_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / 'page.pth').write_text('<html>')
    assert call_tool(monkeypatch, 'checkpoints/inspect_checkpoint', tmp_path / 'page.pth') == 2
    assert capsys.readouterr().err.startswith(f'error: cannot read {tmp_path / "page.pth"}')
    assert call_tool(monkeypatch, 'checkpoints/inspect_checkpoint', tmp_path / 'none.pth') == 2
    assert capsys.readouterr().err.startswith('error: no checkpoint ')


def built_with(config: dict) -> dict[str, torch.Tensor]:
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        backbone = MODELS.build(config)
        backbone.init_weights()
    return backbone.state_dict()


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_convert(moco: Path, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backbone alone, bit for bit, every name with the prefix."""
    out = tmp_path / 'new' / f'backbone{suffix}'
    assert call_tool(monkeypatch, 'checkpoints/convert_checkpoint', moco, out) == 0
    written = load_file(out) if suffix == '.safetensors' else torch.load(out, weights_only=True)['state_dict']
    names = {name.replace('module.encoder_q.', 'backbone.'): name for name in ENCODER}
    assert set(written) == set(names)
    assert all(torch.equal(value, WEIGHTS[names[name]]) for name, value in written.items())
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_written_file_is_read_by_mmengine(moco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenMMLab's own initialiser and nothing of ours."""
    out = tmp_path / 'backbone.pth'
    assert call_tool(monkeypatch, 'checkpoints/convert_checkpoint', moco, out) == 0
    init_cfg = {'type': 'Pretrained', 'checkpoint': str(out), 'prefix': 'backbone.'}
    state = built_with({'type': 'ResNet', 'depth': 18, 'init_cfg': init_cfg})
    assert all(torch.equal(value, WEIGHTS[f'module.encoder_q.{name}']) for name, value in state.items())


def test_convert_by_a_config(moco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three stages of a detector's backbone."""
    config = tmp_path / 'config.py'
    stages = 'num_stages=3, strides=(1, 2, 2), dilations=(1, 1, 1), out_indices=(2,)'
    config.write_text(f"default_scope = 'mmpretrain'\nmodel = dict(backbone=dict(type='ResNet', depth=18, {stages}))\n")
    out = tmp_path / 'backbone.pth'
    assert call_tool(monkeypatch, 'checkpoints/convert_checkpoint', moco, out, '--config', config) == 0
    written = torch.load(out, weights_only=True)['state_dict']
    assert {name.split('.')[1] for name in written} == {'conv1', 'bn1', 'layer1', 'layer2', 'layer3'}


def test_convert_keeps_what_is_there(
    moco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / 'old.pth'
    out.write_text('old')
    assert call_tool(monkeypatch, 'checkpoints/convert_checkpoint', moco, out) == 2
    assert 'exists; choose another name, or overwrite it with --force' in capsys.readouterr().err
    assert out.read_text() == 'old'
    assert call_tool(monkeypatch, 'checkpoints/convert_checkpoint', moco, out, '--force') == 0
    assert out.read_bytes() != b'old'


@pytest.mark.parametrize(
    ('content', 'out', 'message'),
    [
        ({'fc.weight': torch.ones(2, 2)}, 'out.pth', 'unknown architecture.*--config'),
        ({'fc.weight': torch.ones(2, 2)}, 'out.onnx', r'give it \.pth or \.safetensors'),
        ({n: v for n, v in WEIGHTS.items() if 'layer4.1.bn2' not in n}, 'out.pth', 'lacks 4 of'),
    ],
)
def test_convert_refuses(
    content: dict,
    out: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    """One line, exit code 2, and no file."""
    torch.save(content, tmp_path / 'file.pth')
    assert call_tool(monkeypatch, 'checkpoints/convert_checkpoint', tmp_path / 'file.pth', tmp_path / out) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ')
    assert len(error.splitlines()) == 1
    assert re.search(message, error)
    assert [path.name for path in tmp_path.iterdir()] == ['file.pth']
