"""Training on clean and adversarial views: what the head sees, what the attack leaves alone, what is refused."""

import copy

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.models.adversarial import PGD
from cft.models.classification import BiTuningClassifier, FineTuneClassifier
from tests.models.classification.test_bi_tuning_classifier import BRANCH as BI_TUNING
from tests.models.classification.test_finetune_classifier import PARTS

LABELS = torch.tensor([0, 1, 2, 1])
MEAN, STD = torch.tensor([120.0, 110.0, 100.0]).view(3, 1, 1), torch.tensor([60.0, 50.0, 40.0]).view(3, 1, 1)
NORMALISED = {'mean': MEAN.flatten().tolist(), 'std': STD.flatten().tolist()}
ATTACKS = {
    'linf': {'type': 'cft.PGD', 'norm': 'linf', 'epsilon': 6.0, 'step': 2.0, 'num_steps': 4, 'random_start': False},
    'l2': {'type': 'cft.PGD', 'norm': 'l2', 'epsilon': 40.0, 'step': 15.0, 'num_steps': 4, 'random_start': False},
}
SUPCON = {'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.SupConLoss'}}
METHODS = {
    'ce': {'contrastive': None},
    'scl': {'contrastive': SUPCON},
    'coretuning': {
        'contrastive': {
            'type': 'cft.ContrastiveBranch', 'loss': {'type': 'cft.FocalSupConLoss'},
            'pairs': {'type': 'cft.HardPairMixup'},
        },
        'smooth_classifier': True,
    },
}  # fmt: skip


def built(method: str = 'scl', attack: dict | None = None, dropout: float = 0.0, **settings: object) -> nn.Module:
    torch.manual_seed(1)
    parts = copy.deepcopy(PARTS)
    kind = FineTuneClassifier
    if method == 'bituning':
        parts['head']['contrastive'], kind = copy.deepcopy(BI_TUNING), BiTuningClassifier
        settings['keys_per_class'] = 2
    else:
        parts['head'].update(copy.deepcopy(METHODS[method]))
    model = kind(**parts, data_preprocessor=NORMALISED, adversarial=copy.deepcopy(attack), **settings)
    model.init_weights()
    model.backbone.layer1.append(nn.Dropout(dropout))
    return model.double().train()


def samples() -> list[DataSample]:
    return [DataSample().set_gt_label(int(label)) for label in LABELS]


def view(size: int = 8, seed: int = 0) -> Tensor:
    """Normalised images; some pixels lie at the ends of the range."""
    pixels = torch.rand(4, 3, size, size, generator=torch.Generator().manual_seed(seed)).double() * 300 - 20
    return (pixels.clamp(0, 255) - MEAN) / STD


def attacked_by_hand(model: nn.Module, images: Tensor, attack: dict) -> Tensor:
    """Each image on its own, on a copy of the model, through ordinary gradients."""
    model = copy.deepcopy(model).eval()
    clean, found = images * STD + MEAN, []
    for image, label in zip(clean, LABELS, strict=True):
        moved = image
        for _ in range(attack['num_steps']):
            leaf = moved.clone().requires_grad_()
            logits = model.head.fc(model.extract_feat(((leaf - MEAN) / STD)[None])[-1])
            F.cross_entropy(logits, label[None]).backward()
            if attack['norm'] == 'linf':
                change = moved + attack['step'] * leaf.grad.sign() - image
                change = change.clamp(-attack['epsilon'], attack['epsilon'])
            else:
                change = moved + attack['step'] * leaf.grad / leaf.grad.norm() - image
                change = change * min(1.0, attack['epsilon'] / float(change.norm()))
            moved = (image + change).clamp(0, 255)
        found.append((moved - MEAN) / STD)
    return torch.stack(found)


@pytest.mark.parametrize('norm', ATTACKS)
@pytest.mark.parametrize('method', [*METHODS, 'bituning'])
def test_losses_are_those_of_clean_and_adversarial_views(method: str, norm: str) -> None:
    """Values, gradients and BatchNorm's statistics of a plain model that is given the views of a loop over images."""
    model, plain = built(method, ATTACKS[norm]), built(method)
    images, key = view(), view(seed=1)
    hard = attacked_by_hand(plain, images, ATTACKS[norm])
    assert (hard - images).abs().max() > 0.02
    torch.manual_seed(5)
    losses = model([images, key] if method == 'bituning' else images, samples(), mode='loss')
    torch.manual_seed(5)
    if method == 'bituning':
        expected = plain._task_losses([images, key, hard], samples())
    else:
        expected = plain([images, hard], samples(), mode='loss')
    assert losses.keys() == expected.keys() and 'loss_ce' in losses
    for name, value in losses.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-6, atol=1e-9)
    for given in (losses, expected):
        sum(given.values()).backward()
    for (name, parameter), other in zip(model.named_parameters(), plain.parameters(), strict=True):
        if parameter.requires_grad:
            torch.testing.assert_close(parameter.grad, other.grad, rtol=1e-5, atol=1e-8, msg=name)
    for (name, buffer), other in zip(model.named_buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(buffer, other, rtol=1e-6, atol=1e-9, msg=name)


def test_bi_tuning_keeps_the_keys_of_clean_images() -> None:
    """Once each, although adversarial queries are compared with them as well."""
    model, plain = built('bituning', ATTACKS['linf']), built('bituning')
    for each in (model, plain):
        each([view(), view(seed=1)], samples(), mode='loss')
    assert torch.equal(model.queue.labels, plain.queue.labels)
    assert torch.equal(model.queue.keys, plain.queue.keys)


@pytest.mark.parametrize('mode', ['eval', 'train'])
def test_the_attack_leaves_the_model_as_it_is(mode: str) -> None:
    """Modes that somebody has set, running statistics, gradients; without dropout no random number is drawn."""
    model = built('scl', {**ATTACKS['linf'], 'model_mode': mode}, dropout=0.3)
    model.backbone.layer2.eval()
    before = copy.deepcopy(model.state_dict())
    modes = [module.training for module in model.modules()]
    state, seen = torch.get_rng_state(), []
    model._task_losses = lambda inputs, given: seen.append([*inputs]) or {}
    model(view(), samples(), mode='loss')
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), state) == (mode == 'eval')
    assert torch.equal(seen[0][0], view()) and not torch.equal(seen[0][1], view())


def test_train_mode_attacks_with_the_statistics_of_the_batch() -> None:
    """The first step goes along the gradient of the model in training mode, which is another one."""
    attack = {**ATTACKS['linf'], 'num_steps': 1, 'model_mode': 'train'}
    model, seen = built('scl', attack), []
    twin = copy.deepcopy(model)
    leaf = view().requires_grad_()
    F.cross_entropy(twin.head.fc(twin.extract_feat(leaf)[-1]), LABELS).backward()
    model._task_losses = lambda inputs, given: seen.append([*inputs]) or {}
    model(view(), samples(), mode='loss')
    inside = (view() * STD + MEAN > 3) & (view() * STD + MEAN < 252)
    along = (seen[0][1] - view()).sign() == leaf.grad.sign()
    assert along[inside].float().mean() == 1
    hard = attacked_by_hand(twin, view(), attack)
    assert not torch.allclose(hard, seen[0][1])


def test_views_of_several_sizes_and_of_any_normalisation() -> None:
    """Each view has its counterpart behind all clean ones; pixels stay in the ball and in the range."""
    model, seen = built('scl', {**ATTACKS['linf'], 'random_start': True}), []
    model._task_losses = lambda inputs, given: seen.append([*inputs]) or {}
    clean = [view(8), view(12, seed=1)]
    model(clean, samples(), mode='loss')
    (views,) = seen
    assert [len(each) for each in views] == [4] * 4 and [each.shape[-1] for each in views] == [8, 12, 8, 12]
    for image, hard in zip(clean, views[2:], strict=True):
        pixels = hard * STD + MEAN
        assert (pixels - (image * STD + MEAN)).abs().max() <= 6 + 1e-9
        assert pixels.min() >= -1e-9 and pixels.max() <= 255 + 1e-9


def test_autocast_of_the_attack_is_that_of_the_training() -> None:
    """In bfloat16 by its own setting as by the training's; float32 training then sees float32 images."""
    images, found = view().float(), []
    for attack, outer in (({'autocast': 'bfloat16'}, False), ({}, True), ({'autocast': 'float16'}, True), ({}, False)):
        model = built('scl', {**ATTACKS['linf'], **attack}).float()
        model._task_losses = lambda inputs, given: found.append(inputs[1]) or {}
        with torch.autocast('cpu', torch.bfloat16, enabled=outer):
            model(images, samples(), mode='loss')
    assert all(each.dtype == torch.float32 for each in found)
    assert torch.equal(found[0], found[1]) and torch.equal(found[1], found[2])
    assert not torch.equal(found[0], found[3])


def test_training_step_under_autocast() -> None:
    """Autocast's kept copies of the weights serve attack and training; every weight gets its gradient."""
    model = built('coretuning', ATTACKS['linf'], dropout=0.1).float()
    with torch.autocast('cpu', torch.bfloat16):
        sum(model(view().float(), samples(), mode='loss').values()).backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert model.backbone.conv1.weight.grad.abs().max() > 1e-5


def test_while_the_cross_entropy_has_no_weight_the_contrastive_loss_is_attacked() -> None:
    """COIN's first stage: its classifier has not been trained yet."""
    attack = {**ATTACKS['linf'], 'num_steps': 1}
    model, seen = built('scl', attack), []
    model.head.set_loss_weights({'loss_ce': 0.0})
    twin = copy.deepcopy(model).eval()
    twin.adversarial = None
    leaf = view().requires_grad_()
    twin(leaf, samples(), mode='loss')['loss_con'].backward()
    model._task_losses = lambda inputs, given: seen.append([*inputs]) or {}
    model(view(), samples(), mode='loss')
    expected = (view() * STD + MEAN + 2 * leaf.grad.sign()).clamp(0, 255)
    torch.testing.assert_close(seen[0][1] * STD + MEAN, expected)


def test_soft_labels_of_batch_augmentation() -> None:
    """Attacked and trained on as they are."""
    model = built('ce', ATTACKS['linf'])
    mixed = [DataSample().set_gt_score(row) for row in torch.eye(3).double()[LABELS] * 0.7 + 0.1]
    assert model(view(), mixed, mode='loss')['loss_ce'].isfinite()


def test_inference_is_not_attacked() -> None:
    model, plain = built('scl', ATTACKS['linf']).eval(), built('scl').eval()
    assert model.state_dict().keys() == plain.state_dict().keys()
    assert torch.equal(model(view(), mode='tensor')[-1], plain(view(), mode='tensor')[-1])


def test_refusals() -> None:
    with pytest.raises(ConfigError, match='epsilon of an attack must be positive and finite, in pixel values, got 0'):
        built('scl', {'type': 'cft.PGD', 'norm': 'linf', 'epsilon': 0})
    with pytest.raises(ConfigError, match='before normalisation the images lie in'):
        built('scl', ATTACKS['linf'])(view() * 9, samples(), mode='loss')
    with pytest.raises(ConfigError, match=r'backbone has with_cp=True'):
        FineTuneClassifier(
            backbone=PARTS['backbone'] | {'with_cp': True}, head=copy.deepcopy(PARTS['head']), adversarial=ATTACKS['l2']
        )
    head = {'type': 'MultiLabelLinearClsHead', 'num_classes': 3, 'in_channels': 8}
    with pytest.raises(ConfigError, match='one label each'):
        FineTuneClassifier(backbone=copy.deepcopy(PARTS['backbone']), head=head, adversarial=ATTACKS['l2'])
    with pytest.raises(ConfigError, match="model_mode of an attack must be 'eval' or 'train', got 'batch'"):
        PGD('linf', 4, model_mode='batch')
    with pytest.raises(ConfigError, match="autocast of an attack must be one of .* got 'half'"):
        PGD('linf', 4, autocast='half')


def test_the_usual_step_is_the_default() -> None:
    assert (PGD('linf', 4).step, PGD('l2', 127.5, num_steps=20).num_steps) == (1.0, 20)
