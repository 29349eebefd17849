"""BiTuningClassifier: queries, keys of the moving average, and the queue that they enter."""

import copy

import pytest
import torch
from mmengine.runner.checkpoint import load_state_dict
from mmpretrain.structures import DataSample
from torch import Tensor

from cft.errors import ConfigError
from cft.models.classification import BiTuningClassifier, FineTuneClassifier
from cft.models.losses import categorical_contrastive_loss

BACKBONE = {
    'type': 'mmpretrain.ResNet_CIFAR', 'depth': 18, 'num_stages': 2, 'out_indices': (1,), 'strides': (1, 2),
    'dilations': (1, 1), 'stem_channels': 4, 'base_channels': 4, 'zero_init_residual': False,
}  # fmt: skip
BRANCH = {
    'type': 'cft.BiTuningBranch',
    'projector': {'type': 'cft.MLPProjector', 'in_channels': None, 'out_channels': 3, 'num_layers': 1},
}
HEAD = {'type': 'cft.ContrastiveClsHead', 'num_classes': 3, 'in_channels': 8, 'contrastive': BRANCH}
PARTS = {'backbone': BACKBONE, 'neck': {'type': 'mmpretrain.GlobalAveragePooling'}, 'head': HEAD}
LABELS = (0, 1, 2, 1)


@pytest.fixture
def model() -> BiTuningClassifier:
    torch.manual_seed(1)
    built = BiTuningClassifier(**copy.deepcopy(PARTS), keys_per_class=2)
    built.init_weights()
    return built.train()


def samples(labels: tuple[int, ...] = LABELS) -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in labels]


def views(count: int = 4) -> list[Tensor]:
    return [torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(size)) for size in (8, 12)]


def test_keys_are_those_of_the_average_and_enter_the_queue(model: BiTuningClassifier) -> None:
    """Features and projections of view 1, after the loss; of three keys of a class the last two stay."""
    for parameter in model.target_backbone.parameters():
        parameter.data += 0.1
    expected = copy.deepcopy(model)
    features = expected.target_neck(expected.target_backbone(views()[1]))[-1]
    projections = expected.target_projector(features)
    model.loss(views(), samples((0, 1, 1, 1)))
    assert model.queue.seen.tolist() == [1, 3, 0]
    rows = torch.cat([features, projections], dim=1)
    torch.testing.assert_close(model.queue.features[0, 0], rows[0])
    torch.testing.assert_close(model.queue.features[1], torch.stack([rows[3], rows[2]]))


def test_the_first_batch_has_its_own_keys_alone(model: BiTuningClassifier) -> None:
    """With nothing in the queue both terms are 0; with the keys of the first batch the second one is not."""
    first, second = (model.loss(views(), samples())['loss_con'] for _ in range(2))
    assert first == 0 and second > 0.1


def test_gradients(model: BiTuningClassifier) -> None:
    """They reach what is trained, and nothing of the average."""
    model.loss(views(), samples())
    sum(model.loss(views(), samples()).values()).backward()
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == name.startswith('target_') == (not parameter.requires_grad), name


def test_the_loss_of_the_projector_is_in_it(model: BiTuningClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sees the projected query, the key and the queue as it was before the batch."""
    model.loss(views(), samples())
    before, seen = model.queue.keys, []
    monkeypatch.setattr(
        'cft.models.branches.bi_tuning_branch.categorical_contrastive_loss',
        lambda *rows, **settings: seen.append((rows, settings)) or categorical_contrastive_loss(*rows, **settings),
    )
    model.loss(views(), samples())
    ((query, key, labels, queue, queue_labels), settings) = seen[0]
    assert query.requires_grad and not key.requires_grad and settings == {'temperature': 0.07, 'gather': False}
    assert labels.tolist() == list(LABELS) and queue_labels.tolist() == [0, -1, 1, 1, 2, -1]
    assert torch.equal(queue, before[:, 8:])


def test_one_image_under_autocast(model: BiTuningClassifier) -> None:
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = [model.loss(views(1), samples((2,))) for _ in range(3)]
    assert all(value.isfinite() and value.dtype == torch.float32 for loss in losses for value in loss.values())


def test_without_the_contrastive_loss(model: BiTuningClassifier) -> None:
    """A stage may weigh it with 0: cross-entropy goes on, and the queue is kept up."""
    model.head.set_loss_weights({'loss_con': 0.0})
    losses = model.loss(views(), samples())
    assert losses['loss_con'] == 0 and losses['loss_ce'] > 0 and model.queue.seen.sum() == 4


def test_the_average_begins_as_the_model(model: BiTuningClassifier) -> None:
    state = model.state_dict()
    pairs = [('target_backbone.', 'backbone.'), ('target_projector.', 'head.contrastive.projector.')]
    for target, online in pairs:
        names = [name for name in state if name.startswith(target)]
        assert names and all(torch.equal(state[name], state[online + name.removeprefix(target)]) for name in names)


@pytest.mark.parametrize('by_mmengine', [True, False])
def test_weights_of_a_plain_classifier(model: BiTuningClassifier, by_mmengine: bool) -> None:
    """The average begins with them, with no complaint of what is missing; inference is that of the classifier."""
    torch.manual_seed(2)
    head = {**HEAD, 'contrastive': None}
    plain = FineTuneClassifier(**copy.deepcopy({**PARTS, 'head': head}))
    plain.init_weights()
    state = plain.state_dict() | {
        name: value for name, value in model.state_dict().items() if name.startswith('head.contrastive')
    }
    if by_mmengine:
        load_state_dict(model, state, strict=True)
    else:
        model.load_state_dict(state)
    found = model.state_dict()
    assert all(torch.equal(found[f'target_{name}'], value) for name, value in state.items() if 'backbone' in name)
    plain.eval(), model.eval()
    assert torch.equal(plain(views()[0], mode='tensor')[-1], model(views()[0], mode='tensor')[-1])
    predicted, expected = (m.predict(views()[0])[0].pred_score for m in (model, plain))
    assert torch.equal(predicted, expected)


def test_its_own_weights_are_left_alone(model: BiTuningClassifier) -> None:
    """Of a resumed run: average and queue as they were."""
    model.loss(views(), samples())
    for parameter in model.target_backbone.parameters():
        parameter.data += 0.1
    other = BiTuningClassifier(**copy.deepcopy(PARTS), keys_per_class=2)
    load_state_dict(other, model.state_dict(), strict=True)
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(('inputs', 'count'), [(views()[0], 1), (views()[:1], 1), ([*views(), views()[0]], 3)])
def test_number_of_views(model: BiTuningClassifier, inputs: Tensor | list[Tensor], count: int) -> None:
    with pytest.raises(ConfigError, match=f'takes two views of each image, and there are {count}; put .*two_view_pipe'):
        model.loss(inputs, samples())


@pytest.mark.parametrize('contrastive', [None, {'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SupConLoss'}}])
def test_a_head_without_the_branch(contrastive: dict | None) -> None:
    with pytest.raises(ConfigError, match="contrastive=dict.type='cft.BiTuningBranch'"):
        BiTuningClassifier(**copy.deepcopy({**PARTS, 'head': {**HEAD, 'contrastive': contrastive}}))


def test_an_average_that_never_moves(model: BiTuningClassifier) -> None:
    model._steps_without_update = 999
    model.loss(views(), samples())
    with pytest.raises(RuntimeError, match='MomentumUpdateHook'):
        model.loss(views(), samples())
    model.update_target(0.9)
    model.loss(views(), samples())


def test_without_a_neck() -> None:
    """Networks that pool themselves have none."""
    backbone = {
        'type': 'mmpretrain.VisionTransformer', 'arch': 'deit-t', 'img_size': 16, 'patch_size': 8,
        'out_type': 'cls_token',
    }  # fmt: skip
    model = BiTuningClassifier(backbone=backbone, head={**copy.deepcopy(HEAD), 'in_channels': 192})
    model.init_weights()
    images = [torch.randn(2, 3, 16, 16) for _ in range(2)]
    assert all(value.isfinite() for value in model.loss(images, samples((0, 1))).values())
    model.update_target(0.5)
