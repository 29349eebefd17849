"""A file of each family fills the backbone of each task through SSLPretrained, and a training step follows."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from cft.registry import MODELS
from tests.checkpoints import authors_names as names
from tests.checkpoints.test_authors import CONVNEXT, DEPTHS, DIMS, FILES, VIT
from tests.checkpoints.test_family_table import STEPS
from tests.checkpoints.test_hugging_face import NETWORKS, path_of
from tests.models.backbones.networks import images
from tests.models.backbones.steps import BRANCH, check_step
from tests.models.detection import detectors
from tests.models.segmentation import segmentors

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings('ignore:indexing with dtype torch.uint8')]
AUTHORS = (
    'MoCo-v3', 'MAE', 'iBOT', 'DINOv2', 'DINOv2, SwiGLU', 'DINOv2, registers', 'DINOv3', 'DINOv3, SwiGLU',
    'DINOv3 ConvNeXt', 'ConvNeXt', 'ConvNeXt-v2', 'Swin', 'Swin-v2', 'SimMIM', 'EVA-02, joined', 'EVA-02, parted',
    'BEiT-3', 'CLIP',
)  # fmt: skip
# What the families in test_authors.py lack: names of the file, the network and its arguments.
BOUND = VIT | dict(patch_size=16, img_size=64)
FURTHER: dict[str, tuple[Callable[[], names.Shapes], str, dict]] = {
    'BEiT': (lambda: names.beit(16, 2, 2, 16, 4), 'beit_base_patch16_224', BOUND),
    'BEiT-v2': (lambda: names.beit(16, 2, 2, 16, 4, 2), 'beitv2_base_patch16_224', BOUND),
    'FCMAE': (lambda: names.fcmae(DIMS, DEPTHS), 'convnextv2_tiny', CONVNEXT),
}  # fmt: skip
CASES = (*AUTHORS, *FURTHER, 'siglip')


def backbone_config(case: str, folder: Path) -> dict:
    """The network with the file that fills it."""
    if case == 'siglip':
        name, options, *_ = NETWORKS[case]
        path = path_of(case)
    else:
        build, name, options, *_ = FURTHER.get(case) or FILES[case]
        path = folder / 'file.pth'
        torch.save({'model': names.numbers(build())}, path)
    pretrained = dict(type='SSLPretrained', checkpoint=str(path))
    return dict(type='cft.TimmBackbone', model_name=name, init_cfg=pretrained, **options)


def maps_of(config: dict) -> tuple[dict, tuple[int, ...]]:
    """With a feature map of each block or stage, and their channels."""
    count = len(config['depths']) if 'depths' in config else config['depth']
    config = config | dict(out_indices=tuple(range(count)))
    return config, MODELS.build(config | dict(init_cfg=None)).out_channels


def classifier(config: dict) -> tuple[nn.Module, Callable[[nn.Module], dict[str, Tensor]]]:
    channels = MODELS.build(config | dict(init_cfg=None)).embed_dims
    contrastive = {**BRANCH, 'projector': {**BRANCH['projector'], 'in_channels': channels}}
    head = dict(type='cft.ContrastiveClsHead', num_classes=3, in_channels=channels, contrastive=contrastive)
    samples = [DataSample().set_gt_label(label) for label in (0, 1, 1, 0)]
    model = MODELS.build(dict(type='cft.FineTuneClassifier', backbone=config, head=head))
    return model, lambda model: model.loss(images(64, 64, rows=4), samples)


def segmentor(config: dict) -> tuple[nn.Module, Callable[[nn.Module], dict[str, Tensor]]]:
    config, channels = maps_of(config)
    model = segmentors.model_config('ASPPHead', in_channels=channels[-1], in_index=len(channels) - 1)
    model['auxiliary_head'].update(in_channels=channels[-2], in_index=len(channels) - 2)
    made = segmentors.build(model | {'backbone': ConfigDict(config)}, contrastive=BRANCH)
    return made, lambda made: made.loss(*segmentors.batch(size=64))


def detector(config: dict) -> tuple[nn.Module, Callable[[nn.Module], dict[str, Tensor]]]:
    model = detectors.model_config('fpn')
    if 'depths' in config:
        config, channels = maps_of(config)
        model.neck.in_channels = list(channels)
    else:
        config = config | dict(out_indices=(-1,))
        model.neck = dict(
            type='cft.SimpleFeaturePyramid', in_channels=config['embed_dim'], stride=config['patch_size'],
            out_channels=model.neck.out_channels, num_outs=model.neck.num_outs,
        )  # fmt: skip
    model.backbone = ConfigDict(config)
    return detectors.build(model, contrastive=detectors.BRANCH), detectors.losses_of


assert set(STEPS.values()) <= set(CASES)
TASKS = {'cls': ('mmpretrain', classifier), 'seg': ('mmseg', segmentor), 'det': ('mmdet', detector)}


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('case', CASES)
def test_a_step_from_a_file(case: str, task: str, tmp_path: Path) -> None:
    torch.manual_seed(2)
    scope, build = TASKS[task]
    with DefaultScope.overwrite_default_scope(scope):
        model, losses_of = build(backbone_config(case, tmp_path))
        drawn = {name: value.clone() for name, value in model.backbone.named_parameters()}
        model.init_weights()
    same = [name for name, value in model.backbone.named_parameters() if torch.equal(value, drawn[name])]
    # Only a norm that no pre-training has may be what it was.
    assert [name for name in same if 'norm' not in name] == []
    with DefaultScope.overwrite_default_scope(scope):
        check_step(model.train(), losses_of(model))
