"""ContrastiveEncoderDecoder: decode heads and losses that it cannot serve."""

import pytest
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from cft.errors import ConfigError
from tests.models.segmentation.segmentors import BRANCH, CROSS_ENTROPY, PAIRED, build, losses_of, model_config


@MODELS.register_module()
class OwnClassifierHead(BaseDecodeHead):
    """Classifies with a layer of its own."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.own = nn.Conv2d(self.in_channels, self.num_classes, 1)

    def forward(self, inputs: tuple[Tensor, ...]) -> Tensor:
        return self.own(self._transform_inputs(inputs))


def test_features_that_cannot_be_seen() -> None:
    """One error at the first step, with the head's name; without a branch there is none."""
    config = model_config('OwnClassifierHead', in_channels=32, in_index=3)
    with pytest.raises(ConfigError, match='OwnClassifierHead does not classify with cls_seg; remove contrastive'):
        losses_of(build(config, contrastive=BRANCH))
    assert losses_of(build(config))['decode.loss_ce'] > 0


def test_head_without_a_classification_layer() -> None:
    """mmseg's mask transformers have none: refused when built, with a branch or without."""
    head = {'in_channels': 32, 'in_index': 3, 'embed_dims': 6, 'num_layers': 1, 'num_heads': 1, 'dropout_ratio': 0.0}
    config = model_config('SegmenterMaskTransformerHead', auxiliary=False, norm_cfg={'type': 'LN'}, **head)
    for branch in (BRANCH, None):
        with pytest.raises(ConfigError, match='SegmenterMaskTransformerHead does not classify with cls_seg; use Enc'):
            build(config, contrastive=branch)


def test_head_that_names_its_losses_otherwise() -> None:
    """DAHead has loss_ce three times under prefixes: a smooth classifier is refused at the first loss."""
    config = model_config('DAHead', in_channels=32, in_index=3, pam_channels=4)
    assert losses_of(build(config, contrastive=PAIRED))['decode.loss_con'] > 0
    model = build(config, contrastive=PAIRED, smooth_classifier=True)
    with pytest.raises(ConfigError, match='smooth_classifier=True: DAHead returns no loss_ce; set it False'):
        losses_of(model)


@pytest.mark.filterwarnings('ignore:threshold is not defined')
def test_one_output_channel_for_two_classes() -> None:
    """The classifier's logits then are no scores of classes."""
    loss = {'type': 'CrossEntropyLoss', 'use_sigmoid': True}
    config = model_config(num_classes=2, out_channels=1, loss_decode=loss, auxiliary=False)
    with pytest.raises(ConfigError, match=r'decode_head\.out_channels=num_classes'):
        build(config, contrastive=BRANCH)
    build(config)


@pytest.mark.parametrize(
    'loss',
    [
        CROSS_ENTROPY | {'use_sigmoid': True},
        CROSS_ENTROPY | {'class_weight': [1.0, 2.0, 3.0]},
        CROSS_ENTROPY | {'avg_non_ignore': False},
        CROSS_ENTROPY | {'loss_weight': 0.0},
        CROSS_ENTROPY | {'loss_name': 'loss_main'},
        {'type': 'FocalLoss', 'loss_name': 'loss_ce'},
        {'type': 'DiceLoss'},
        [CROSS_ENTROPY, CROSS_ENTROPY],
        [CROSS_ENTROPY, {'type': 'DiceLoss', 'loss_name': 'loss_ce'}],
    ],
)
def test_smooth_classifier_needs_one_plain_cross_entropy(loss: dict | list[dict]) -> None:
    """Generated samples have soft labels and no class weight; anything else would mix two losses or two means."""
    config = model_config(loss_decode=loss)
    with pytest.raises(
        ConfigError, match='without class_weight and with avg_non_ignore=True, in the FCNHead; change its'
    ):
        build(config, contrastive=PAIRED, smooth_classifier=True)
    build(config, contrastive=PAIRED)
