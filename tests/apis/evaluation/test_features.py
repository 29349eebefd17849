"""extract_features against a loop by hand, and the state of the model afterwards."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from mmengine.dataset import default_collate
from mmengine.model import ExponentialMovingAverage
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import nn
from torch.utils.data import DataLoader

from cft.apis.evaluation.features import extract_features
from cft.models import FineTuneClassifier, MoCoV2

BACKBONE = {
    'type': 'mmpretrain.ResNet_CIFAR', 'depth': 18, 'num_stages': 2, 'out_indices': (0, 1), 'strides': (1, 2),
    'dilations': (1, 1), 'stem_channels': 4, 'base_channels': 4,
}  # fmt: skip
HEAD = {'type': 'cft.ContrastiveClsHead', 'num_classes': 5, 'in_channels': 8}
PIXELS = {'mean': [100.0, 110.0, 120.0], 'std': [50.0, 60.0, 70.0], 'to_rgb': True}


@pytest.fixture(autouse=True, scope='module')
def mmpretrain_scope() -> Iterator[None]:
    """Names without a scope are mmpretrain's, whatever a runner of another test has left behind."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield


def classifier(neck: dict | None = None) -> FineTuneClassifier:
    model = FineTuneClassifier(backbone=dict(BACKBONE), neck=neck, head=dict(HEAD), data_preprocessor=dict(PIXELS))
    # Statistics that differ from a batch's, so that the mode of BatchNorm shows.
    nn.init.constant_(model.backbone.bn1.running_mean, 0.3)
    return model


@pytest.fixture(scope='module')
def data() -> list[dict]:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (7, 3, 8, 8), dtype=torch.uint8, generator=generator)
    return [{'inputs': image, 'data_samples': DataSample().set_gt_label(3 * i % 5)} for i, image in enumerate(images)]


def loader(data: list[dict], batch_size: int = 3) -> DataLoader:
    return DataLoader(data, batch_size, collate_fn=default_collate)


@torch.no_grad()
def by_hand(backbone: nn.Module, data: list[dict], normalise: bool = True) -> np.ndarray:
    """One image at a time: RGB, normalised, last stage, mean over the map."""
    backbone.eval()
    rows = []
    for item in data:
        image = item['inputs'].float()
        if normalise:
            image = (image.flip(0) - torch.tensor([100.0, 110.0, 120.0]).view(3, 1, 1)) / torch.tensor(
                [50.0, 60.0, 70.0]
            ).view(3, 1, 1)
        rows.append(backbone(image[None])[-1][0].mean(dim=(1, 2)).numpy())
    return np.stack(rows)


@pytest.mark.parametrize('neck', [None, {'type': 'mmpretrain.GlobalAveragePooling'}])
@pytest.mark.parametrize('batch_size', [1, 3, 7])
def test_equals_a_loop(data: list[dict], neck: dict | None, batch_size: int) -> None:
    """In the loader's order, for any batch size, with the neck or pooled here; labels beside them."""
    model = classifier(neck).train()
    features, labels = extract_features(model, loader(data, batch_size))
    np.testing.assert_allclose(features, by_hand(model.backbone, data), rtol=1e-4, atol=1e-5)
    assert (features.shape, features.dtype) == ((7, 8), np.float32)
    assert labels.tolist() == [0, 3, 1, 4, 2, 0, 3]


def test_self_supervised_model(data: list[dict]) -> None:
    """Features of the online backbone, before the projector."""
    neck = {
        'type': 'mmpretrain.MoCoV2Neck', 'in_channels': 8, 'hid_channels': 4, 'out_channels': 4, 'with_avg_pool': True,
    }  # fmt: skip
    model = MoCoV2(backbone=BACKBONE | {'out_indices': (1,)}, neck=neck, queue_length=4, feat_channels=4)
    features, _ = extract_features(model, loader(data))
    np.testing.assert_allclose(features, by_hand(model.backbone, data, normalise=False), rtol=1e-4, atol=1e-4)


def test_averaged_model_is_unwrapped(data: list[dict]) -> None:
    """The average's own weights encode."""
    average = ExponentialMovingAverage(classifier())
    nn.init.constant_(average.module.backbone.bn1.running_mean, -1.0)
    features, _ = extract_features(average, loader(data))
    np.testing.assert_allclose(features, by_hand(average.module.backbone, data), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('training', [True, False])
def test_mode_is_restored_and_nothing_is_trained(data: list[dict], training: bool) -> None:
    """Neither weights nor BatchNorm statistics nor gradients change."""
    model = classifier().train(training)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    extract_features(model, loader(data))
    assert model.training == model.backbone.bn1.training == training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_mode_of_every_part_is_restored(data: list[dict]) -> None:
    """Also if the caller has put only the backbone into evaluation, or the data fail half-way."""
    model = classifier().train()
    model.backbone.eval()
    modes = [module.training for module in model.modules()]
    extract_features(model, loader(data))
    assert [module.training for module in model.modules()] == modes
    with pytest.raises(KeyError):
        extract_features(model, [{'data_samples': []}])
    assert [module.training for module in model.modules()] == modes
