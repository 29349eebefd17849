"""HEXA's objective on momentum contrast, term by term, in plain loops."""

import copy
import math

import pytest
import torch
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.adversarial import PixelSpace
from cft.models.norms import AuxiliarySplitBatchNorm2d, SplitBatchNorm2d, auxiliary_statistics
from cft.models.selfsup import HardExamples, HEXAMoCo, MoCoV2, hard_examples
from tests.models.selfsup.momentum_models import BACKBONE, build, encoders, keys_of

PREPROCESSOR = {'type': 'mmpretrain.SelfSupDataPreprocessor', 'mean': [120.0, 110.0, 100.0], 'std': [60.0, 50.0, 40.0]}
MEAN, STD = (torch.tensor(PREPROCESSOR[name]).view(3, 1, 1) for name in ('mean', 'std'))


def pixels(rows: int = 4, size: int = 8) -> Tensor:
    return torch.randint(0, 256, (rows, 3, size, size)).float()


def hexa(**weights: float) -> HEXAMoCo:
    return build(
        HEXAMoCo, shuffle_keys=False, data_preprocessor=dict(PREPROCESSOR),
        hard_examples={'type': 'cft.HardExamples', **weights},
    )  # fmt: skip


def info_nce(query: Tensor, key: Tensor, queue: Tensor, temperature: float = 0.2) -> Tensor:
    """In plain loops over rows and candidates."""
    query, key = nn.functional.normalize(query), nn.functional.normalize(key)
    losses = []
    for i in range(len(query)):
        logits = [query[i] @ key[i] / temperature] + [query[i] @ row / temperature for row in queue]
        losses.append(-logits[0] + torch.stack([logit.exp() for logit in logits]).sum().log())
    return torch.stack(losses).mean()


def online_of(model: HEXAMoCo) -> nn.ModuleList:
    return copy.deepcopy(encoders(model)[0])


def clean_side(model: nn.Module) -> dict[str, Tensor]:
    """What the plain method has as well."""
    state = model.state_dict()
    return {name: state[name] for name in state if 'auxiliary' not in name and 'hard_examples' not in name}


def encode(online: nn.ModuleList, images: Tensor) -> Tensor:
    return online[1](online[0](images))[-1]


def test_adversarial_term_by_hand() -> None:
    """Equation 6 with the gradient of the standard loss; the auxiliary statistics see the perturbed query."""
    model, raw = hexa(adversarial_weight=0.7), [pixels(), pixels()]
    first, second = ((image - MEAN) / STD for image in raw)
    keys, queue, online = keys_of(model, second), model.queue.features.clone(), online_of(model)
    first.requires_grad_()
    standard = info_nce(encode(online, first), keys, queue)
    (gradient,) = torch.autograd.grad(standard, first)
    moved = torch.empty_like(raw[0])
    for index in range(moved.numel()):
        pixel, slope = float(raw[0].flatten()[index]), float(gradient.flatten()[index])
        moved.view(-1)[index] = min(max(pixel + math.copysign(1, slope) * (slope != 0), 0), 255)
    with auxiliary_statistics(online):
        adversarial = info_nce(encode(online, (moved - MEAN) / STD), keys, queue)
    losses = model.loss([first.detach(), second], [])
    assert set(losses) == {'loss_std', 'loss_adv'}
    torch.testing.assert_close(losses['loss_std'], standard, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(losses['loss_adv'], 0.7 * adversarial, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('adversarial', [False, True])
def test_cut_mixed_term_by_hand(adversarial: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equation 9 on the mixed query; adversarial ones pass through the auxiliary statistics."""
    seen = []

    def record(images: Tensor, *args: object) -> object:
        seen.append((images.detach().clone(), original(images, *args)))
        return seen[-1][1]

    original = hard_examples.cutmix
    monkeypatch.setattr(hard_examples, 'cutmix', record)
    name = 'adversarial_cutmix_weight' if adversarial else 'cutmix_weight'
    model, raw = hexa(adversarial_weight=0.0, **{name: 0.5}), [pixels(), pixels()]
    first, second = ((image - MEAN) / STD for image in raw)
    keys, queue, online = keys_of(model, second), model.queue.features.clone(), online_of(model)
    losses = model.loss([first, second], [])
    (images, mixed), key = seen[0], 'loss_cmx_adv' if adversarial else 'loss_cmx'
    assert set(losses) == {'loss_std', key}
    assert torch.equal(images, first) != adversarial
    from_partner = (mixed.images != images).any(dim=1)
    assert float(from_partner.float().mean(dim=(1, 2)).max()) <= 1 - mixed.ratio + 1e-6
    encode(online, first)
    if adversarial:
        with auxiliary_statistics(online):
            query = encode(online, mixed.images)
    else:
        query = encode(online, mixed.images)
    own, other = info_nce(query, keys, queue), info_nce(query, keys[mixed.partner], queue)
    expected = 0.5 * (mixed.ratio * own + (1 - mixed.ratio) * other)
    torch.testing.assert_close(losses[key], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ('weights', 'expected'),
    [
        ((0, 0, 0), set()),
        ((1, 0, 0), {'loss_adv'}),
        ((0, 1, 0), {'loss_cmx'}),
        ((1, 1, 0), {'loss_adv', 'loss_cmx'}),
        ((1, 0, 1), {'loss_adv', 'loss_cmx_adv'}),
        ((1, 1, 1), {'loss_adv', 'loss_cmx', 'loss_cmx_adv'}),
    ],
)
def test_combinations_of_figure_2(weights: tuple[float, float, float], expected: set[str]) -> None:
    """Each trains every parameter that the optimiser gets, as DDP demands."""
    names = ('adversarial_weight', 'cutmix_weight', 'adversarial_cutmix_weight')
    model = hexa(**dict(zip(names, map(float, weights), strict=True)))
    losses = model.loss([(pixels() - MEAN) / STD, (pixels() - MEAN) / STD], [])
    assert set(losses) == {'loss_std', *expected}
    sum(losses.values()).backward()
    without = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []
    assert any('auxiliary' in name for name in model.state_dict()) == bool(weights[0] or weights[2])


def test_clean_statistics_are_those_of_plain_momentum_contrast() -> None:
    """Bit for bit: running statistics, keys and queue of five steps with and without the adversarial branch."""
    torch.manual_seed(0)
    model = hexa(adversarial_weight=1.0, adversarial_cutmix_weight=1.0)
    plain = build(MoCoV2, shuffle_keys=False)
    plain.load_state_dict(clean_side(model))
    for _ in range(5):
        inputs = [(pixels() - MEAN) / STD, (pixels() - MEAN) / STD]
        losses = model.loss(inputs, []), plain.loss(inputs, [])
        assert torch.equal(losses[0]['loss_std'], losses[1]['loss'])
    state = model.state_dict()
    assert all(torch.equal(state[name], value) for name, value in plain.state_dict().items())
    own, auxiliary = (state[f'backbone.bn1.{side}running_mean'] for side in ('', 'auxiliary.'))
    assert not torch.allclose(own, auxiliary)


def test_gradient_of_the_parameters_is_untouched_by_the_attack() -> None:
    """The gradient of loss_std is MoCo's: taking the images' gradient first leaves nothing behind."""
    model = hexa(adversarial_weight=1.0)
    plain = build(MoCoV2, shuffle_keys=False)
    plain.load_state_dict(clean_side(model))
    inputs = [(pixels() - MEAN) / STD, (pixels() - MEAN) / STD]
    model.loss(inputs, [])['loss_std'].backward()
    plain.loss(inputs, [])['loss'].backward()
    for name, parameter in plain.named_parameters():
        if parameter.requires_grad:
            torch.testing.assert_close(dict(model.named_parameters())[name].grad, parameter.grad, rtol=1e-6, atol=1e-9)


def test_the_momentum_encoder_has_one_set_of_statistics() -> None:
    model = hexa(adversarial_weight=1.0)
    assert not [name for name in model.state_dict() if 'target' in name and 'auxiliary' in name]
    nn.init.ones_(model.backbone.conv1.weight)
    model.update_target(0.0)
    assert (model.target_backbone.conv1.weight == 1).all()


def test_split_statistics_have_an_auxiliary_side() -> None:
    layer = build(HEXAMoCo, backbone={**BACKBONE, 'norm_cfg': {'type': 'cft.SplitBN', 'num_splits': 2}}).backbone.bn1
    assert (type(layer), type(layer.auxiliary)) == (AuxiliarySplitBatchNorm2d, SplitBatchNorm2d)
    images, plain = torch.randn(4, 4, 3, 3), copy.deepcopy(layer.auxiliary)
    with auxiliary_statistics(layer):
        assert torch.equal(layer(images), plain(images))
    assert torch.equal(layer.auxiliary.running_mean, plain.running_mean)
    assert (layer.running_mean == 0).all()


@pytest.mark.parametrize('training', [True, False])
def test_the_loss_without_gradients_is_that_with_them(training: bool) -> None:
    """Bit for bit, with the running statistics, and it leaves neither graph nor gradient; then training goes on."""
    weights = {'adversarial_weight': 0.7, 'cutmix_weight': 0.5, 'adversarial_cutmix_weight': 0.3}
    torch.manual_seed(0)
    models = [hexa(**weights).train(training)]
    models.append(copy.deepcopy(models[0]))
    views, found = [(pixels() - MEAN) / STD for _ in range(2)], []
    for model, enabled in zip(models, (True, False), strict=True):
        torch.manual_seed(1)
        with torch.set_grad_enabled(enabled):
            found.append(model.loss(views, []))
    assert found[0].keys() == found[1].keys() and len(found[1]) == 4
    for name, loss in found[0].items():
        assert torch.equal(loss, found[1][name]) and not found[1][name].requires_grad
    states = [model.state_dict() for model in models]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    assert all(parameter.grad is None for model in models for parameter in model.parameters())
    sum(models[1].loss(views, []).values()).backward()
    assert all(parameter.grad is not None for parameter in models[1].parameters() if parameter.requires_grad)


def test_inference_mode_is_refused_where_an_attack_needs_gradients() -> None:
    views = [(pixels() - MEAN) / STD for _ in range(2)]
    with torch.inference_mode():
        with pytest.raises(RuntimeError, match=r'use torch\.no_grad\(\)'):
            hexa(adversarial_weight=1.0).loss(views, [])
        assert len(hexa(adversarial_weight=0.0, cutmix_weight=1.0).loss(views, [])) == 2


def test_images_that_are_no_pixels_are_refused() -> None:
    """Scaled to [0, 1] before a normalisation for 255, or normalised twice: named before the step."""
    model = hexa(adversarial_weight=1.0)
    with pytest.raises(ConfigError, match='data_preprocessor'):
        model.loss([torch.randn(4, 3, 8, 8) * 9, torch.randn(4, 3, 8, 8)], [])


def test_pixel_space_returns_what_it_got() -> None:
    space = PixelSpace(hexa().data_preprocessor)
    raw = pixels()
    torch.testing.assert_close(space.restore((raw - MEAN) / STD), raw, rtol=0, atol=1e-4)
    torch.testing.assert_close(space.normalize(raw), (raw - MEAN) / STD)
    unnormalised = PixelSpace(nn.Identity())
    assert torch.equal(unnormalised.restore(raw), raw)
    assert torch.equal(unnormalised.normalize(raw), raw)


@pytest.mark.parametrize('options', [{'cutmix_weight': -1.0}, {'epsilon': 0.0}, {'step': math.inf}])
def test_impossible_settings(options: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        HardExamples(**options)
