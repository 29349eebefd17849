"""Put a self-supervised checkpoint into a backbone, completely or not at all."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from cft.errors import ConfigError

from .explain import explain_gap, explain_no_backbone, explain_shape
from .finite_weights import refuse_non_finite
from .foreign import cut_off, foreign_tensor, is_zero_bias
from .match import AUXILIARY, COUNTER, DERIVED, POOLED_NORM, Match, assemble, match_names
from .positions import fit_positions
from .read import read_checkpoint
from .sources import recognise
from .state_dict import NamedTensors, Weights, find_named_tensors

CLASSIFIER = re.compile(r'(.*\.)?(fc|head|heads\.head|head\.fc|classifier)\.weight')


@dataclass(frozen=True)
class LoadReport:
    """What was loaded.

    Attributes:
        source: Code base that wrote the file, as far as its names tell.
        prefix: What preceded the backbone's names in the file ('' for nothing).
        matched: Names of the backbone's tensors that were loaded.
        missing: Names of the backbone's tensors that the file lacks; only
            BatchNorm's batch counters may be.
        ignored: Names in the file that are not the backbone's, such as a projector.
        initialised: Names of the backbone's tensors that no pre-training has, set to the identity.
        notes: What else happened: which of several networks was taken, what was resized.

    Example:
        >>> print(LoadReport('MoCo v2', 'encoder_q.', ['conv1.weight'], [], ['fc.weight']))
        MoCo v2: 1 tensors loaded (prefix 'encoder_q.'), 0 missing, 1 ignored
    """

    source: str
    prefix: str
    matched: list[str]
    missing: list[str]
    ignored: list[str]
    initialised: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        where = f'prefix {self.prefix!r}' if self.prefix else 'no prefix'
        counts = (
            f'{len(self.matched)} tensors loaded ({where}), {len(self.missing)} missing, {len(self.ignored)} ignored'
        )
        return '; '.join([f'{self.source}: {counts}', *self.notes])


def load_ssl_backbone(
    backbone: nn.Module, path: str | Path, trusted: bool | None = None, weights: Weights | None = None
) -> LoadReport:
    """Load the backbone's tensors, under whatever prefix and in whatever names the file has them.

    Files of MoCo v1 to v3, SimCLR, SwAV, DeepCluster-v2, BYOL, DINO, Barlow
    Twins, VICReg, PyContrast, VISSL, lightly, solo-learn, SCE (eztorch), COIN,
    MAE, BEiT, torchvision, timm, detectron2, mmpretrain, Hugging Face's transformers
    and of the authors of DINOv2, DINOv3, ConvNeXt, Swin, EVA-02, BEiT-3 and CLIP
    are told by their names; others that differ only in the prefix are covered as well. Of several
    encoders the one is taken that the method's authors evaluate. A plain
    checkpoint fills both sides of auxiliary BatchNorms alike. Position
    embeddings of another image size are interpolated, and the report says so.

    Args:
        backbone: The module to fill, of the same architecture: OpenMMLab's, timm's or a ``cft.TimmBackbone``.
        path: The checkpoint file, read without unpickling code.
        trusted: As of :func:`cft.checkpoints.read_checkpoint`.
        weights: ``'ema'`` or ``'model'``, where the file has an EMA copy beside
            the trained weights; None as of :func:`cft.checkpoints.find_named_tensors`,
            and the report names the other.

    Returns:
        What was matched and ignored.

    Raises:
        ConfigError: If a tensor is missing, has another shape or a value that is
            not finite, or the file holds one for which the backbone has no
            place; the backbone then is unchanged.

    Example:
        >>> report = load_ssl_backbone(model.backbone, 'moco_v2_800ep.pth.tar')  # doctest: +SKIP
    """
    file = find_named_tensors(read_checkpoint(path, trusted), path, weights)
    network = network_of(backbone)
    own = network.state_dict()
    match = match_names(own, file.tensors)
    kind = type(network).__name__
    if match is None:
        raise ConfigError(f'{path} {explain_no_backbone(own, file.tensors, kind)}')
    if match.lacking:
        raise ConfigError(f'{path} {explain_gap(match, own, file.tensors, kind)}')
    try:
        loaded = assemble(match, file.tensors, own)
    except ValueError as error:
        raise ConfigError(f'{path}: {error}; its architecture differs from the config') from error
    try:
        notes = fit_positions(network, loaded, own)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}; its architecture differs from the config') from error
    wrong = next((name for name, tensor in loaded.items() if tensor.shape != own[name].shape), None)
    if wrong is not None:
        raise ConfigError(f'{path}: {explain_shape(wrong, match, own, file.tensors, kind)}')
    foreign = foreign_tensor(match, own, file.tensors, cut_off(network, own))
    if foreign is not None:
        raise ConfigError(
            f'{path} holds {foreign!r}, for which the backbone {kind} has no place; '
            'its depth or architecture differs from the config'
        )
    refuse_non_finite({other: file.tensors[other] for other in sorted(match.used)}, path)
    return _fill(network, file, match, loaded, own, [*notes, file.note] if file.note else notes)


def network_of(backbone: nn.Module) -> nn.Module:
    """The module whose names are those of files: timm's network in a ``cft.TimmBackbone``, else the backbone itself.

    Example:
        >>> network_of(nn.Linear(2, 2))
        Linear(in_features=2, out_features=2, bias=True)
    """
    network = getattr(backbone, 'network', None)
    return network if isinstance(network, nn.Module) and hasattr(network, 'pretrained_cfg') else backbone


def _fill(
    network: nn.Module, file: NamedTensors, match: Match, loaded: dict, own: dict[str, Tensor], notes: list[str]
) -> LoadReport:
    plain = not any(AUXILIARY.search(name) for name in loaded)
    # AuxiliaryStatistics copies the plain side of a file that has no other.
    rest = [name for name in own if name not in loaded and not (plain and AUXILIARY.search(name))]
    missing = [name for name in rest if name.endswith(COUNTER)]
    pooled = [name for name in rest if POOLED_NORM.fullmatch(name)]
    added = {name: torch.zeros_like(own[name]) for name in missing}
    added |= {name: torch.full_like(own[name], name.endswith('weight')) for name in pooled}
    added |= {name: own[name] for name in rest if name.endswith(DERIVED)}
    network.load_state_dict({**loaded, **added})
    used = match.used
    ignored = [name for name in file.tensors if name not in used and not name.endswith(DERIVED)]
    source = recognise(file.tensors, match.prefix, file.where, match.dialect)
    if source.taken:
        beside = f'; the file also holds {", ".join(file.beside)}' if file.beside else ''
        notes.append(f'taken: {source.taken}{beside}')
    if pooled:
        notes.append(f'{", ".join(pooled)} set to the identity: no pre-training has this norm of averaged features')
    notes += _left_out(network, file.tensors, match, own, ignored)
    classifiers = [name for name in ignored if source.classifies and CLASSIFIER.fullmatch(name)]
    notes += [f'its classifier {name} of {len(file.tensors[name])} outputs is ignored' for name in classifiers]
    return LoadReport(source.name, match.prefix, list(match.found), missing, ignored, pooled, notes)


def _left_out(
    network: nn.Module, tensors: dict[str, Tensor], match: Match, own: dict[str, Tensor], ignored: list[str]
) -> list[str]:
    """Words on what stands below the backbone's prefix and was left out on purpose."""
    below = {file: name for name, file in match.below.items()}
    inside = [name for name in ignored if name in below]
    zeros = [name for name in inside if is_zero_bias(name, tensors)]
    cut = cut_off(network, own)
    behind = [name for name in inside if cut is not None and cut.match(below[name])]
    notes = [f'{len(zeros)} biases of zeros are left out, {zeros[0]} first'] if zeros else []
    return notes + ([f'{len(behind)} tensors behind the last feature map are left out'] if behind else [])


@WEIGHT_INITIALIZERS.register_module(name='SSLPretrained')
class SSLPretrained:
    """``init_cfg=dict(type='SSLPretrained', checkpoint=FILE)`` for a backbone.

    Args:
        checkpoint: The file, see :func:`load_ssl_backbone`.
        weights: ``'ema'`` or ``'model'`` where the file has both, see there.

    Example:
        >>> backbone = dict(type='ResNet', depth=50, init_cfg=dict(type='SSLPretrained', checkpoint='moco_v2.pth'))
    """

    def __init__(self, checkpoint: str, weights: Weights | None = None) -> None:
        self.checkpoint = checkpoint
        self.weights = weights

    def __call__(self, module: BaseModule) -> None:
        report = load_ssl_backbone(module, self.checkpoint, weights=self.weights)
        print_log(f'{self.checkpoint}: {report}', logger='current')
        # Only this type and these flags keep later initialisation from overwriting what was
        # loaded: a ResNet would zero its last BatchNorms, a ViT draw new embeddings and layers.
        module.init_cfg = {'type': 'Pretrained', 'checkpoint': self.checkpoint}
        for child in module.modules():
            if child is not module and isinstance(child, BaseModule):
                child._is_init = True
