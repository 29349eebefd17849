"""DELTA against loops: the distance of the maps, and the weights of the filters."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.regularizers import fit_linear_classifier, mask_filters
from cft.models.regularizers.delta import attention
from cft.models.regularizers.stages import stages_of
from cft.registry import MODELS
from tests.models.regularizers.regularized import CLASSES, batch, begin, classifier, move

DELTA = dict(type='cft.DELTA', alpha=0.3, beta=0.07)
LAYERS = {18: ['layer1.1.conv2', 'layer2.1.conv2', 'layer3.1.conv2'],
          50: ['layer1.2.conv3', 'layer2.3.conv3', 'layer3.5.conv3']}  # fmt: skip


def maps_of(backbone: nn.Module, images: Tensor, layers: list[str]) -> list[Tensor]:
    """Outputs of some convolutions."""
    found: dict[str, Tensor] = {}
    modules = dict(backbone.named_modules())
    handles = [
        modules[layer].register_forward_hook(lambda _, given, output, layer=layer: found.update({layer: output}))
        for layer in layers
    ]
    backbone(images)
    for handle in handles:
        handle.remove()
    return [found[layer] for layer in layers]


def in_eval_mode(network: nn.Module) -> nn.Module:
    """OpenMMLab's ``eval`` returns nothing."""
    network.eval()
    return network


def examples(number: int) -> list[tuple[Tensor, Tensor, bool]]:
    """Two batches of labelled noise."""
    generator = torch.Generator().manual_seed(2)
    sizes = (7, 5)
    return [
        (torch.randn(n, 3, 16, 16, generator=generator), torch.eye(CLASSES)[torch.arange(n) % CLASSES], True)
        for n in sizes
    ]


@pytest.mark.parametrize('depth', LAYERS)
@pytest.mark.parametrize('views', [1, 2])
def test_value_and_gradient(depth: int, views: int) -> None:
    """Layer by layer, image by image, filter by filter; the gradient reaches what was moved, and the classifier."""
    model = classifier(DELTA, depth=depth)
    source = in_eval_mode(copy.deepcopy(model.backbone))
    begin(model)
    generator = torch.Generator().manual_seed(4)
    weights = [w.softmax(0) for w in (torch.randn(len(old), generator=generator) for old in _weights(model).values())]
    model.regularizers.terms[0]._weights = dict(zip(LAYERS[depth], weights, strict=True))
    move(model)
    images, samples = batch()
    inputs = images if views == 1 else [images, images.flip(3)]
    joined = images if views == 1 else torch.cat(inputs)
    expected = torch.zeros(())
    pairs = zip(maps_of(model.backbone, joined, LAYERS[depth]), maps_of(source, joined, LAYERS[depth]), strict=True)
    for (own, before), weight in zip(pairs, weights, strict=True):
        _, filters, height, width = own.shape
        for image in range(len(joined)):
            for j in range(filters):
                distance = (own[image, j] - before[image, j].detach()).square().sum()
                expected = expected + 0.3 / 2 * filters * weight[j] * distance / (height * width) / len(joined)
    expected = expected + 0.07 / 2 * model.head.fc.weight.square().sum()
    loss = model.loss(inputs, samples)['loss_delta']
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-6)
    names, parameters = zip(*model.named_parameters(), strict=True)
    ours = torch.autograd.grad(loss, parameters, allow_unused=True)
    theirs = torch.autograd.grad(expected, parameters, allow_unused=True)
    for name, one, other in zip(names, ours, theirs, strict=True):
        assert (one is None) == (other is None), name
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return model.regularizers.terms[0]._weights


@pytest.mark.parametrize('depth', LAYERS)
def test_masking_is_that_of_a_loop_over_filters(depth: int) -> None:
    """Each filter's weights set to zero in turn, the whole network run again."""
    network = in_eval_mode(classifier(depth=depth).backbone)
    move(network, scale=0.1)
    stages = stages_of(network)
    assert [stage.layer for stage in stages] == LAYERS[depth]
    head = nn.Linear(16 * (4 if depth == 50 else 1), CLASSES)
    batches = [(images, targets) for images, targets, _ in examples(12)]

    def loss_of(maps: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(head(maps.mean(dim=(2, 3))), targets.argmax(dim=1))

    found = mask_filters(network, stages, loss_of, batches)
    number = sum(len(images) for images, _ in batches)
    for stage in stages:
        for j in range(0, stage.conv.out_channels, 5):
            change = 0.0
            for images, targets in batches:
                with torch.no_grad():
                    whole = loss_of(network(images)[-1], targets)
                    kept = stage.conv.weight[j].clone()
                    stage.conv.weight[j] = 0
                    change += len(images) / number * (loss_of(network(images)[-1], targets) - whole).item()
                    stage.conv.weight[j] = kept
            assert found[stage.layer][j].item() == pytest.approx(change, abs=2e-6)
    assert max(values.abs().max() for values in found.values()) > 1e-4


def test_weights_are_measured_once_and_are_those_of_the_run() -> None:
    """The softmax of the changes, from the source network; what the source file holds is taken as it is."""
    model = classifier(DELTA)
    source = begin(model, examples)
    backbone = in_eval_mode(model.backbone)
    features = torch.cat([backbone(images)[-1].mean(dim=(2, 3)) for images, _, _ in examples(0)]).detach()
    targets = torch.cat([targets for _, targets, _ in examples(0)])
    head = fit_linear_classifier(features, targets, exclusive=True)

    def loss_of(maps: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(head(maps.mean(dim=(2, 3))), labels.argmax(dim=1))

    batches = [(images, labels) for images, labels, _ in examples(0)]
    changes = mask_filters(backbone, stages_of(backbone), loss_of, batches)
    for layer, weight in source.channel_weights.items():
        torch.testing.assert_close(weight, changes[layer].softmax(dim=0).float(), rtol=1e-4, atol=1e-6)
        assert weight.sum().item() == pytest.approx(1, abs=1e-5)
    again = classifier(DELTA)
    again.regularizers.begin(again, source, lambda number: pytest.fail('they are there'))
    for layer, weight in _weights(model).items():
        assert torch.equal(weight, _weights(again)[layer])


def test_attention() -> None:
    """Plain as in the paper; standardised and divided by 5 as in the authors' code; equal changes, equal weights."""
    changes = torch.tensor([0.0, 1.0, 5.0])
    plain = torch.tensor([1.0, torch.e, torch.e**5])
    torch.testing.assert_close(attention(changes, None), plain / plain.sum())
    standard = ((changes - 2) / torch.tensor(14 / 3).sqrt() / 5).exp()
    torch.testing.assert_close(attention(changes, 5.0), standard / standard.sum())
    torch.testing.assert_close(attention(torch.ones(4), 5.0), torch.full((4,), 0.25))


@pytest.mark.parametrize('exclusive', [True, False])
def test_the_classifier_is_fitted_to_the_end(exclusive: bool) -> None:
    """Its penalised loss has no slope left; features of any scale, one of them constant."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(60, 4, generator=generator) * torch.tensor([1.0, 1e3, 1e-3, 0.0]) + 2
    targets = torch.eye(CLASSES)[torch.randint(CLASSES, (60,), generator=generator)]
    if not exclusive:
        targets[:, 0] = 1 - targets[:, 1]
    head = fit_linear_classifier(features, targets, exclusive)
    scale = features.double().std(dim=0, correction=0)
    scale[3] = 1
    rows = (features.double() - features.double().mean(dim=0)) / scale
    weight = (head.weight.double() * scale).requires_grad_()
    logits = rows @ weight.T + head.bias.double() + head.weight.double() @ features.double().mean(dim=0)
    if exclusive:
        loss = F.cross_entropy(logits, targets.argmax(dim=1))
    else:
        loss = F.binary_cross_entropy_with_logits(logits, targets.double(), reduction='sum') / 60
    (slope,) = torch.autograd.grad(loss + 0.5e-4 * weight.square().sum(), weight)
    assert slope.abs().max() < 1e-3


def test_stages_that_cannot_change_are_left_out() -> None:
    model = classifier(DELTA, frozen_stages=1)
    begin(model)
    assert list(_weights(model)) == LAYERS[18][1:]
    move(model)
    assert model.loss(*batch())['loss_delta'] > 0


def test_the_source_stays_and_shares_its_tensors_with_l2sp() -> None:
    """No second copy; neither training nor the mode of the model touches it."""
    model = classifier(DELTA, dict(type='cft.L2SP'))
    source = begin(model)
    network = model.regularizers.terms[0]._network
    kept = {name: tensor.clone() for name, tensor in source.tensors.items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        losses = model.loss(*batch())
        (losses['loss_ce'] + losses['loss_l2sp']).backward()
        optimizer.step()
    assert not network.training and not any(parameter.requires_grad for parameter in network.parameters())
    for name, tensor in network.state_dict().items():
        assert tensor.data_ptr() == source.tensors[f'backbone.{name}'].data_ptr()
        assert torch.equal(tensor, kept[f'backbone.{name}'])
    assert losses.keys() == {'loss_ce', 'loss_delta', 'loss_l2sp'}


def test_mistakes() -> None:
    with pytest.raises(ConfigError, match='no parameter of the backbone is trained'):
        classifier(DELTA, frozen_stages=3)
    with pytest.raises(ConfigError, match='with_cp=False'):
        classifier(DELTA, with_cp=True)
    with pytest.raises(ConfigError, match='masked_images must be at least'):
        classifier(DELTA | dict(masked_images=0))
    with pytest.raises(ConfigError, match='no source weights'):
        classifier(DELTA).loss(*batch())
    vit = dict(type='VisionTransformer', arch=dict(embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=8))
    head = dict(type='cft.ContrastiveClsHead', num_classes=CLASSES, in_channels=8)
    for backbone in (vit | dict(img_size=16, patch_size=8), dict(type='cft.TimmBackbone', model_name='convnext_atto')):
        with pytest.raises(ConfigError, match=r'ends? the stages of a ResNet.*cft.L2SP'):
            MODELS.build(dict(type='cft.FineTuneClassifier', backbone=backbone, head=head, regularizers=[DELTA]))
