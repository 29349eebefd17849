"""What a user can get wrong is one line."""

import pytest
import torch
from mmengine.model import convert_sync_batchnorm

from cft.errors import ConfigError
from cft.models.backbones import TimmBackbone
from tests.models.backbones.networks import backbone, images

WRONG = {
    'name': ('resnet19', {}, r"^timm [\d.]+ has no network 'resnet19'; near names: resnet18, "),
    'tag': ('resnet18.of_mine', {}, r"^timm.create_model\('resnet18.of_mine'\) refuses .*of_mine"),
    'hub': ('hf-hub:timm/resnet18', {}, "^timm .* has no network 'hf-hub:timm/resnet18'; "),
    'argument': ('vit_tiny_patch16_224', {'dropp': 0.1}, "refuses its arguments: .*'dropp'"),
    'value': ('vit_tiny_patch16_224', {'global_pool': 'most'}, 'refuses its arguments'),
    'heads': ('vit_tiny_patch16_224', {'num_heads': 7}, 'refuses its arguments: .*divisible'),
    'pretrained': ('resnet18', {'pretrained': True}, '^cft.TimmBackbone takes no pretrained=True: .*SSLPretrained'),
    'path': ('resnet18', {'checkpoint_path': 'a.pth'}, "takes no checkpoint_path='a.pth': .*SSLPretrained"),
    'classes': ('resnet18', {'num_classes': 10}, 'takes no num_classes=10: the classifier is the head'),
    'features': ('resnet18', {'features_only': True}, 'takes no features_only=True: out_indices'),
    'index': ('resnet18', {'out_indices': (1, 5)}, r'^resnet18 refuses out_indices=\(1, 5\): .*5 is out of range'),
    'order': ('resnet18', {'out_indices': (2, 1)}, r'^resnet18: out_indices=\(2, 1\) must ascend'),
    'none': ('resnet18', {'out_indices': ()}, r'out_indices=\(\) must be the numbers'),
    'number': ('resnet18', {'out_indices': 3}, 'out_indices=3 must be the numbers'),
    'no maps': ('vit_tiny_r_s16_p8_224', {'out_indices': (9, 99)}, 'refuses out_indices'),
    'stages': ('resnet18', {'frozen_stages': 5}, '^frozen_stages=5: ResNet has 4 stages'),
    'kept stages': ('resnet18', {'frozen_stages': 3, 'out_indices': (1, 2)}, '^frozen_stages=3: ResNet has 2 stages'),
}


@pytest.mark.parametrize('kind', WRONG)
def test_wrong_arguments(kind: str) -> None:
    name, arguments, message = WRONG[kind]
    with pytest.raises(ConfigError, match=message) as caught:
        TimmBackbone(name, **arguments)
    assert '\n' not in str(caught.value)


def test_a_tag_fetches_no_weights_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr('cft.models.backbones.timm_network.print_log', lambda *line: told.append(line[0]))
    made = TimmBackbone('resnet18.a1_in1k')
    assert made.network.state_dict().keys() == TimmBackbone('resnet18').network.state_dict().keys()
    assert len(told) == 1
    assert 'resnet18.a1_in1k: the weights of this tag are not fetched' in told[0]


@pytest.mark.parametrize(('name', 'maps', 'size', 'message'), [
    ('levit_128s', None, 96, r'levit_128s cannot take images of 96 x 96: The size .*; give it img_size=\(96, 96\)'),
    ('halonet_h1', None, 96, 'halonet_h1 cannot take images of 96 x 96; take another image size or network'),
    ('inception_v3', (-2, -1), 96,
     'inception_v3, images of 96 x 96: a feature map of 4 x 4 cells is not one of stride 16'),
    # It resizes all images to its own size.
    ('crossvit_tiny_240', (1,), 64, 'crossvit_tiny_240, images of 64 x 64: a feature map of 20 x 20 cells is not'),
    ('convnext_atto', None, 16, 'convnext_atto cannot take images of 16 x 16: Calculated padded input size'),
])  # fmt: skip
def test_images_that_a_network_cannot_take(name: str, maps: tuple[int, ...] | None, size: int, message: str) -> None:
    with pytest.raises(ConfigError, match=f'^{message}'):
        TimmBackbone(name, maps)(images(size, size))


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match='expected input.*to have 3 channels, but got 1') as caught:
        backbone('resnet18')(torch.ones(2, 1, 32, 32))
    assert not isinstance(caught.value, ConfigError)


def test_synchronised_norms_are_refused_where_their_conversion_loses_activations() -> None:
    with pytest.raises(ConfigError, match=r'^sync_bn loses the activations of regnetx_002, beginning with stem.bn: '):
        convert_sync_batchnorm(backbone('regnetx_002')).train()
    convert_sync_batchnorm(backbone('resnet18')).train()
