"""Put a self-supervised checkpoint into a backbone, completely or not at all."""

import re
from pathlib import Path

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from cft.errors import ConfigError

from .explain import explain_gap, explain_no_backbone, explain_shape
from .match import AUXILIARY, COUNTER, DERIVED, POOLED_NORM, Match, foreign_tensor, match_names
from .positions import resize_positions
from .read import read_checkpoint
from .report import LoadReport
from .sources import recognise
from .state_dict import NamedTensors, find_named_tensors

CLASSIFIER = re.compile(r'(.*\.)?(fc|head|heads\.head|head\.fc|classifier)\.weight')


def load_ssl_backbone(backbone: nn.Module, path: str | Path, trusted: bool | None = None) -> LoadReport:
    """Load the backbone's tensors, under whatever prefix and in whatever names the file has them.

    Files of MoCo v1 to v3, SimCLR, SwAV, DeepCluster-v2, BYOL, DINO, Barlow
    Twins, VICReg, PyContrast, VISSL, lightly, solo-learn, SCE (eztorch), COIN,
    MAE, BEiT, torchvision, timm, detectron2 and mmpretrain are told by their
    names; others that differ only in the prefix are covered as well. Of several
    encoders the one is taken that the method's authors evaluate. A plain
    checkpoint fills both sides of auxiliary BatchNorms alike. Position
    embeddings of another image size are interpolated, and the report says so.

    Args:
        backbone: The module to fill, of the same architecture.
        path: The checkpoint file, read without unpickling code.
        trusted: As of :func:`cft.checkpoints.read_checkpoint`.

    Returns:
        What was matched and ignored.

    Raises:
        ConfigError: If a tensor is missing or has another shape, or the file
            holds one for which the backbone has no place; the backbone then is
            unchanged.

    Example:
        >>> report = load_ssl_backbone(model.backbone, 'moco_v2_800ep.pth.tar')  # doctest: +SKIP
    """
    file = find_named_tensors(read_checkpoint(path, trusted), path)
    own = backbone.state_dict()
    match = match_names(own, file.tensors)
    kind = type(backbone).__name__
    if match is None:
        raise ConfigError(f'{path} {explain_no_backbone(own, file.tensors, kind)}')
    if match.lacking:
        raise ConfigError(f'{path} {explain_gap(match, own, file.tensors, kind)}')
    loaded = {name: file.tensors[other] for name, other in match.found.items()}
    notes = _fit_positions(backbone, loaded, own, path)
    wrong = next((name for name, tensor in loaded.items() if tensor.shape != own[name].shape), None)
    if wrong is not None:
        raise ConfigError(f'{path}: {explain_shape(wrong, match, own, file.tensors, kind)}')
    foreign = foreign_tensor(match, own)
    if foreign is not None:
        raise ConfigError(
            f'{path} holds {foreign!r}, for which the backbone {kind} has no place; '
            'its depth or architecture differs from the config'
        )
    return _fill(backbone, file, match, loaded, own, notes)


def _fill(
    backbone: nn.Module, file: NamedTensors, match: Match, loaded: dict, own: dict[str, Tensor], notes: list[str]
) -> LoadReport:
    plain = not any(AUXILIARY.search(name) for name in loaded)
    # AuxiliaryStatistics copies the plain side of a file that has no other.
    rest = [name for name in own if name not in loaded and not (plain and AUXILIARY.search(name))]
    missing = [name for name in rest if name.endswith(COUNTER)]
    pooled = [name for name in rest if POOLED_NORM.fullmatch(name)]
    added = {name: torch.zeros_like(own[name]) for name in missing}
    added |= {name: torch.full_like(own[name], name.endswith('weight')) for name in pooled}
    added |= {name: own[name] for name in rest if name.endswith(DERIVED)}
    backbone.load_state_dict({**loaded, **added})
    used = set(match.found.values())
    ignored = [name for name in file.tensors if name not in used and not name.endswith(DERIVED)]
    source = recognise(file.tensors, match.prefix, file.where, match.dialect)
    if source.taken:
        beside = f'; the file also holds {", ".join(file.beside)}' if file.beside else ''
        notes.append(f'taken: {source.taken}{beside}')
    if pooled:
        notes.append(f'{", ".join(pooled)} set to the identity: no pre-training has this norm of averaged features')
    classifiers = [name for name in ignored if source.classifies and CLASSIFIER.fullmatch(name)]
    notes += [f'its classifier {name} of {len(file.tensors[name])} outputs is ignored' for name in classifiers]
    return LoadReport(source.name, match.prefix, list(match.found), missing, ignored, pooled, notes)


def _fit_positions(backbone: nn.Module, loaded: dict, own: dict[str, Tensor], path: str | Path) -> list[str]:
    """Give the position embeddings the backbone's grid, in place; returns what to report."""
    table, target = loaded.get('pos_embed'), own.get('pos_embed')
    if table is None or table.shape == target.shape or table.dim() != 3 or table.shape[2] != target.shape[2]:
        return []
    try:
        extra = 1 if 'cls_token' in own else 0
        grid = getattr(backbone, 'patch_resolution', None)
        loaded['pos_embed'] = resize_positions(table, target.shape[1], extra, grid)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}; its architecture differs from the config') from error
    return [f'pos_embed resized from {table.shape[1]} to {target.shape[1]} positions (bicubic)']


@WEIGHT_INITIALIZERS.register_module(name='SSLPretrained')
class SSLPretrained:
    """``init_cfg=dict(type='SSLPretrained', checkpoint=FILE)`` for a backbone.

    Args:
        checkpoint: The file, see :func:`load_ssl_backbone`.
    """

    def __init__(self, checkpoint: str) -> None:
        self.checkpoint = checkpoint

    def __call__(self, module: nn.Module) -> None:
        report = load_ssl_backbone(module, self.checkpoint)
        print_log(f'{self.checkpoint}: {report}', logger='current')
        # Only this type and these flags keep later initialisation from overwriting what was
        # loaded: a ResNet would zero its last BatchNorms, a ViT draw new embeddings and layers.
        module.init_cfg = {'type': 'Pretrained', 'checkpoint': self.checkpoint}
        for child in module.modules():
            if child is not module and isinstance(child, BaseModule):
                child._is_init = True
