"""SyncBN on machines without CUDA: plain BatchNorm takes its place, and the log says so."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from cft.apis import build_runner, load_config
from cft.apis.completion.completion import replace_sync_batch_norm
from cft.engine.config_nodes import iterate_dicts
from cft.models import LocalBatchNorm

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'


def types_of(cfg: Config) -> list[str]:
    return [node['type'] for _, node in iterate_dicts(cfg._cfg_dict) if isinstance(node.get('type'), str)]


def test_everywhere_and_nothing_else(capsys: pytest.CaptureFixture) -> None:
    """Wherever it stands, in lists too; other types, and values of that name, stay; one warning for all."""
    cfg = Config(
        {
            'norm_cfg': {'type': 'SyncBN', 'requires_grad': True},
            'model': {
                'type': 'A',
                'heads': [{'type': 'B', 'norm_cfg': {'type': 'SyncBN', 'eps': 0.1}}],
                'name': 'SyncBN',
            },
            'other': {'type': 'GN', 'num_groups': 2},
        }
    )
    replace_sync_batch_norm(cfg)
    assert cfg.norm_cfg == {'type': 'cft.LocalBN', 'requires_grad': True}
    assert cfg.model.heads[0].norm_cfg == {'type': 'cft.LocalBN', 'eps': 0.1}
    assert (cfg.model.name, cfg.other.type) == ('SyncBN', 'GN')
    assert capsys.readouterr().out.count('SyncBN needs CUDA') == 1


def test_nothing_to_replace_is_not_told(capsys: pytest.CaptureFixture) -> None:
    cfg = Config({'model': {'type': 'A', 'norm_cfg': {'type': 'BN'}}})
    before = cfg.to_dict()
    replace_sync_batch_norm(cfg)
    assert cfg.to_dict() == before
    assert 'SyncBN' not in capsys.readouterr().out


@pytest.mark.parametrize('name', ['ce/r50_voc_seg', 'coretuning/r50_voc_det', 'scl/r50_coco_det'])
def test_our_configs(name: str) -> None:
    """As many local ones afterwards as SyncBN before."""
    cfg = load_config(CONFIGS / f'{name}.py')
    before = types_of(cfg)
    assert before.count('SyncBN') >= 2
    replace_sync_batch_norm(cfg)
    assert types_of(cfg) == ['cft.LocalBN' if kind == 'SyncBN' else kind for kind in before]


@pytest.mark.skipif(torch.cuda.is_available(), reason='with CUDA the layers stay synchronised')
def test_runner_on_a_cpu_has_none(tmp_path: Path) -> None:
    """A backbone that asks for it is built all the same."""
    cfg = load_config(CONFIGS / 'quickstart' / 'ce_digits.py')
    cfg.model.backbone.norm_cfg = {'type': 'SyncBN', 'requires_grad': True}
    cfg.work_dir, cfg.experiment_name = str(tmp_path), 'sync_batch_norm'
    model = build_runner(cfg).model
    kinds = {type(module) for module in model.modules()}
    assert LocalBatchNorm in kinds
    assert torch.nn.SyncBatchNorm not in kinds


@pytest.mark.parametrize('shape', [(6, 3), (6, 3, 5), (6, 3, 5, 4)])
def test_local_statistics_are_batch_norms(shape: tuple[int, ...]) -> None:
    """Vectors in a projector and maps in a backbone, against a closed form."""
    layer, features = LocalBatchNorm(3), torch.randn(shape)
    rows = features.transpose(1, -1).reshape(-1, 3)
    expected = (features.transpose(1, -1) - rows.mean(0)) / (rows.var(0, unbiased=False) + layer.eps).sqrt()
    torch.testing.assert_close(layer(features), expected.transpose(1, -1), rtol=1e-4, atol=1e-5)


def test_single_values_are_refused() -> None:
    with pytest.raises(ValueError, match=r'\(N, C, ...\)'):
        LocalBatchNorm(3)(torch.randn(3))
