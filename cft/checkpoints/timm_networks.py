"""Which network of timm has exactly the tensors of a file: it is built without memory and compared."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from cft.errors import ConfigError

from .foreign import foreign_tensor
from .match import assemble, match_names
from .positions import fit_positions

Network = tuple[str, dict]
# By width and number of blocks, as the authors call them; a width alone does not tell how many heads there are.
VIT_SIZES = {
    (192, 12): 'tiny', (384, 12): 'small', (768, 12): 'base', (1024, 24): 'large', (1152, 27): 'so400m',
    (1280, 32): 'huge', (1408, 40): 'giant', (1536, 40): 'giant', (4096, 40): '7b',
}  # fmt: skip
CONVNEXT_SIZES: dict[tuple[int, tuple[int, ...]], str] = {
    (32, (2, 2, 4, 2)): 'zepto', (40, (2, 2, 6, 2)): 'atto', (48, (2, 2, 6, 2)): 'femto', (64, (2, 2, 6, 2)): 'pico',
    (80, (2, 2, 8, 2)): 'nano', (96, (3, 3, 9, 3)): 'tiny', (96, (3, 3, 27, 3)): 'small',
    (128, (3, 3, 27, 3)): 'base', (192, (3, 3, 27, 3)): 'large', (256, (3, 3, 27, 3)): 'xlarge',
    (352, (3, 3, 27, 3)): 'huge', (384, (3, 4, 30, 3)): 'xxlarge',
}  # fmt: skip
SWIN_SIZES: dict[tuple[int, tuple[int, ...]], str] = {
    (96, (2, 2, 6, 2)): 'tiny', (96, (2, 2, 18, 2)): 'small', (128, (2, 2, 18, 2)): 'base',
    (192, (2, 2, 18, 2)): 'large',
}  # fmt: skip


def first_fitting(candidates: Iterable[Network], tensors: Mapping[str, Tensor]) -> dict | None:
    """Config of the first network whose names and shapes are all those of the tensors; None if there is none.

    Args:
        candidates: Names of timm's networks with arguments; one that timm does not have is passed over.
        tensors: In any naming that :func:`cft.checkpoints.load_ssl_backbone` reads, without a prefix.

    Example:
        >>> import timm
        >>> first_fitting([('resnet18', {}), ('resnet26', {})], timm.create_model('resnet26').state_dict())
        {'type': 'cft.TimmBackbone', 'model_name': 'resnet26'}
    """
    for name, arguments in candidates:
        if _fits(name, arguments, tensors):
            return dict(type='cft.TimmBackbone', model_name=name, **arguments)
    return None


def _fits(name: str, arguments: dict, tensors: Mapping[str, Tensor]) -> bool:
    import timm

    if not timm.is_model(name):
        return False
    with torch.device('meta'):
        network = timm.create_model(name, num_classes=0, **arguments)
    own = network.state_dict()
    match = match_names(own, tensors)
    if match is None or match.prefix or match.lacking:
        return False
    try:
        loaded = assemble(match, {file: tensors[file].to('meta') for file in match.used}, own)
        notes = fit_positions(network, loaded, own)
    except (ValueError, ConfigError):
        return False
    if any('resized' in note for note in notes) or foreign_tensor(match, own, tensors) is not None:
        return False
    return all(tensor.shape == own[key].shape for key, tensor in loaded.items())
