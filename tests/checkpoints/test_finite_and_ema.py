"""Weights that are not finite are refused by name; an EMA copy beside the weights is told and can be chosen."""

from pathlib import Path

import pytest
import torch
from mmengine.runner import CheckpointLoader
from torch import nn

from cft.checkpoints import (
    convert_checkpoint,
    describe_checkpoint,
    find_named_tensors,
    load_ssl_backbone,
    read_state_dict,
    refuse_non_finite,
)
from cft.errors import ConfigError


def weights(value: float) -> dict[str, torch.Tensor]:
    return {'weight': torch.full((2, 3), value), 'bias': torch.full((2,), value)}


def save(tmp_path: Path, **content: object) -> Path:
    torch.save(content, tmp_path / 'file.pth')
    return tmp_path / 'file.pth'


@pytest.mark.parametrize('value', [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_refused_by_every_loading(tmp_path: Path, value: float, dtype: torch.dtype) -> None:
    tensors = {name: tensor.to(dtype) for name, tensor in weights(1.0).items()}
    tensors['bias'][1] = value
    path = save(tmp_path, state_dict=tensors)
    layer = nn.Linear(3, 2)
    before = layer.weight.clone()
    for load in (
        lambda: load_ssl_backbone(layer, path),
        lambda: CheckpointLoader.load_checkpoint(str(path)),
        lambda: read_state_dict(path),
    ):
        with pytest.raises(ConfigError, match=r"file\.pth: 'bias' holds NaN or infinite values"):
            load()
    assert torch.equal(layer.weight, before)
    assert describe_checkpoint(path).non_finite == ['bias']


def test_large_finite_weights_and_masks_pass() -> None:
    """A norm may overflow; an attention mask is -inf on purpose, a mask token is a weight."""
    refuse_non_finite({'a': torch.full((9,), 3e38), 'n': torch.tensor(3), 'attn_mask': torch.tensor(-torch.inf)}, 'f')
    with pytest.raises(ConfigError, match="'mask_token' and 1 more tensors hold"):
        refuse_non_finite({'mask_token': torch.tensor(torch.nan), 'b': torch.tensor(torch.inf)}, 'f')


def test_a_head_that_is_not_taken_may_be_anything(tmp_path: Path) -> None:
    path = save(tmp_path, state_dict={**weights(1.0), 'fc.weight': torch.tensor([torch.nan])})
    assert load_ssl_backbone(nn.Linear(3, 2), path).matched == ['weight', 'bias']


@pytest.mark.parametrize(
    ('model', 'ema'),
    [('state_dict', 'state_dict_ema'), ('model', 'model_ema'), ('net', 'ema'), ('params', 'params_ema')],
)
@pytest.mark.parametrize(('choice', 'value'), [(None, 1.0), ('model', 1.0), ('ema', 2.0)])
def test_the_switch(tmp_path: Path, model: str, ema: str, choice: str | None, value: float) -> None:
    path = save(tmp_path, **{ema: weights(2.0), model: weights(1.0), 'epoch': 3})
    layer = nn.Linear(3, 2)
    report = load_ssl_backbone(layer, path, weights=choice)
    assert (layer.weight == value).all()
    other = 'model' if choice == 'ema' else 'ema'
    assert f'weights={other!r} takes' in str(report)
    assert f'under {model if choice == "ema" else ema}' in str(report)


def test_mmengine_exchanges_the_two(tmp_path: Path) -> None:
    """Its ``state_dict`` is the moving average, as soon as there is one."""
    path = save(tmp_path, state_dict=weights(2.0), ema_state_dict=weights(1.0), message_hub={})
    for choice, value in ((None, 2.0), ('model', 1.0), ('ema', 2.0)):
        assert (read_state_dict(path, weights=choice)['weight'] == value).all()


@pytest.mark.parametrize('choice', [None, 'model', 'ema'])
def test_one_kind_only_is_taken(choice: str | None) -> None:
    for key in ('state_dict', 'state_dict_ema', 'net'):
        found = find_named_tensors({key: weights(1.0)}, 'file.pth', choice)
        assert (found.where, found.note) == (key, '')


def test_a_copy_that_the_names_tell(tmp_path: Path) -> None:
    both = {
        f'{start}.{name}': tensor
        for start, v in (('ema_model', 2.0), ('model', 1.0))
        for name, tensor in weights(v).items()
    }
    path = save(tmp_path, state_dict=both)
    for choice, value in ((None, 1.0), ('model', 1.0), ('ema', 2.0)):
        layer = nn.Linear(3, 2)
        report = load_ssl_backbone(layer, path, weights=choice)
        assert (layer.weight == value).all()
        assert 'EMA copy' in str(report)


def test_unknown_choice() -> None:
    with pytest.raises(ConfigError, match="weights must be 'model' or 'ema', got 'EMA'"):
        find_named_tensors({'state_dict': weights(1.0)}, 'file.pth', 'EMA')


def test_convert_takes_the_choice(tmp_path: Path) -> None:
    from torchvision.models import resnet18

    model = resnet18().state_dict()
    path = save(tmp_path, model=model, model_ema={name: tensor + 1 for name, tensor in model.items()})
    convert_checkpoint(path, tmp_path / 'out.pth', weights='ema')
    assert torch.equal(read_state_dict(tmp_path / 'out.pth')['backbone.conv1.weight'], model['conv1.weight'] + 1)
