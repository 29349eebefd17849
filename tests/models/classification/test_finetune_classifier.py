"""FineTuneClassifier: how many views go through the backbone, how often, and in which order."""

import copy

import pytest
import torch
from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor

from cft.models.classification import ContrastiveClsHead, FineTuneClassifier, MultiViewDataPreprocessor

BACKBONE = {
    'type': 'mmpretrain.ResNet_CIFAR', 'depth': 18, 'num_stages': 2, 'out_indices': (0, 1), 'strides': (1, 2),
    'dilations': (1, 1), 'stem_channels': 4, 'base_channels': 4, 'zero_init_residual': False,
}  # fmt: skip
HEAD = {
    'type': 'cft.ContrastiveClsHead', 'num_classes': 3, 'in_channels': 8,
    'contrastive': {'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SupConLoss'}},
}  # fmt: skip
PARTS = {'backbone': BACKBONE, 'neck': {'type': 'mmpretrain.GlobalAveragePooling'}, 'head': HEAD}


@pytest.fixture(scope='module')
def untrained() -> FineTuneClassifier:
    torch.manual_seed(1)
    model = FineTuneClassifier(**copy.deepcopy(PARTS))
    model.init_weights()
    return model


@pytest.fixture
def model(untrained: FineTuneClassifier) -> FineTuneClassifier:
    return copy.deepcopy(untrained)


def samples() -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in (0, 1, 2, 1)]


def views(*sizes: int) -> list[Tensor]:
    return [torch.randn(4, 3, size, size) for size in sizes]


def spy_head(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Record what reaches the head: the features of every stage, and the labels."""
    seen: list[tuple] = []

    def record(self: ContrastiveClsHead, feats: tuple[Tensor, ...], data_samples: list[DataSample]) -> dict:
        seen.append((feats, [int(sample.gt_label) for sample in data_samples]))
        return {}

    monkeypatch.setattr(ContrastiveClsHead, 'loss', record)
    return seen


@pytest.mark.parametrize(
    ('sizes', 'rows'), [((8,), [4]), ((8, 8), [8]), ((8, 8, 8), [12]), ((8, 12), [4, 4]), ((12, 8, 12), [4, 4, 4])]
)
def test_backbone_is_called_once_per_size(model: FineTuneClassifier, sizes: tuple[int, ...], rows: list[int]) -> None:
    """Views of one size share one call, and so one BatchNorm batch; views of several sizes have one call each."""
    batches: list[int] = []
    model.backbone.register_forward_hook(lambda module, inputs, output: batches.append(len(inputs[0])))
    inputs = views(*sizes)
    losses = model(inputs if len(sizes) > 1 else inputs[0], samples(), mode='loss')
    assert batches == rows
    assert set(losses) == {'loss_ce', 'loss_con'}


@pytest.mark.parametrize('sizes', [(8, 8), (8, 12), (12, 8, 8)])
def test_row_is_view_times_batch_plus_image(
    model: FineTuneClassifier, sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row v * N + i of every stage is view v of image i, with the label of image i."""
    seen, inputs = spy_head(monkeypatch), views(*sizes)
    model.eval()(inputs, samples(), mode='loss')
    ((stages, labels),) = seen
    assert labels == [0, 1, 2, 1] * len(sizes)
    assert [stage.shape for stage in stages] == [(4 * len(sizes), 4), (4 * len(sizes), 8)]
    for v, view in enumerate(inputs):
        for i in range(4):
            for stage, alone in zip(stages, model.extract_feat(view[i : i + 1]), strict=True):
                torch.testing.assert_close(stage[4 * v + i], alone[0], rtol=1e-5, atol=1e-6)


def test_two_views_are_a_batch_of_twice_the_images(model: FineTuneClassifier) -> None:
    """The losses, BatchNorm in training mode included, are those of the joined batch with repeated labels."""
    first, second = views(8, 8)
    twin = copy.deepcopy(model)
    losses = model([first, second], samples(), mode='loss')
    joined = twin(torch.cat([first, second]), samples() * 2, mode='loss')
    assert {name: float(value) for name, value in losses.items()} == {k: float(v) for k, v in joined.items()}
    assert all(torch.equal(a, b) for a, b in zip(model.buffers(), twin.buffers(), strict=True))


def test_one_view_is_the_image_classifier(model: FineTuneClassifier) -> None:
    """Prediction, raw output and features are mmpretrain's, with the same weights."""
    plain = ImageClassifier(**copy.deepcopy(PARTS))
    plain.load_state_dict(model.state_dict())
    (images,) = views(8)
    for classifier in (model.eval(), plain.eval()):
        classifier.outputs = [sample.pred_score for sample in classifier(images, samples(), mode='predict')]
        classifier.outputs += [classifier(images, mode='tensor'), *classifier.extract_feat(images)]
    assert len(model.outputs) == len(plain.outputs) == 7
    assert all(torch.equal(a, b) for a, b in zip(model.outputs, plain.outputs, strict=True))


@pytest.mark.parametrize('sizes', [(8,), (8, 8), (8, 12)])
def test_contrastive_gradient_reaches_the_first_convolution(model: FineTuneClassifier, sizes: tuple[int, ...]) -> None:
    """``loss_con`` alone trains the whole backbone, and not the classifier."""
    inputs = views(*sizes)
    model(inputs if len(sizes) > 1 else inputs[0], samples(), mode='loss')['loss_con'].backward()
    assert model.backbone.conv1.weight.grad.abs().max() > 1e-5
    assert model.head.fc.weight.grad is None


def test_data_preprocessor_is_ours_unless_one_is_given() -> None:
    """A config without a type, none at all, a type of one's own, a module; the caller's dict is left alone."""
    given = {'mean': [1.0, 2.0, 3.0], 'std': [1.0, 1.0, 1.0]}
    for config in (None, given):
        model = FineTuneClassifier(**copy.deepcopy(PARTS), data_preprocessor=config)
        assert type(model.data_preprocessor) is MultiViewDataPreprocessor
    assert model.data_preprocessor.mean.flatten().tolist() == [1.0, 2.0, 3.0]
    assert given == {'mean': [1.0, 2.0, 3.0], 'std': [1.0, 1.0, 1.0]}
    module = MultiViewDataPreprocessor()
    assert FineTuneClassifier(**copy.deepcopy(PARTS), data_preprocessor=module).data_preprocessor is module
    other = {'type': 'mmpretrain.ClsDataPreprocessor'}
    model = FineTuneClassifier(**copy.deepcopy(PARTS), data_preprocessor=other)
    assert type(model.data_preprocessor).__name__ == 'ClsDataPreprocessor'
