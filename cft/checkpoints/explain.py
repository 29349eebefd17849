"""Why a file does not fill a backbone, in words that name the remedy."""

import re
from collections.abc import Mapping

from torch import Tensor

from .architecture import UNKNOWN, guess_architecture
from .likeness import likeness
from .match import Match, find_encoders
from .names import to_timm

HEAD = re.compile(r'(.*\.)?(fc|head|heads|classifier|linear|last_layer|projector|projection_head|cls_head)\..*')


def explain_no_backbone(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], kind: str) -> str:
    """For a file without the backbone's first tensor under any prefix."""
    names = list(tensors)
    if all(HEAD.fullmatch(name) for name in names):
        return (
            f'holds only a classifier or projector ({", ".join(names[:3])}) and no backbone; give the pre-trained one'
        )
    if any('/' in name for name in names):
        return f'has the names of TensorFlow or JAX ({names[0]!r}); convert it to PyTorch with the tools of its authors'
    if 'stem.3.weight' in own and any(name.endswith('conv1.weight') for name in names):
        return (
            f"has a stem of one convolution, the backbone {kind} a deep stem of three; use type='ResNet' "
            'in the config, whose architecture the usual checkpoints have'
        )
    return (
        f'has no tensor {next(iter(own))!r} of the backbone {kind} under any prefix; it starts with {names[:3]}. '
        f'Is it the checkpoint of another architecture? {_compare(own, tensors)}'
    )


def explain_gap(match: Match, own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], kind: str) -> str:
    """For a file that lacks some of the backbone's tensors."""
    return (
        f'lacks {len(match.lacking)} of {len(own)} tensors of the backbone {kind}, such as '
        f'{match.prefix + match.lacking[0]!r}; its depth or architecture differs from the config: '
        f'{_compare(own, tensors, match)}'
    )


def explain_shape(name: str, match: Match, own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], kind: str) -> str:
    """For a tensor of another shape."""
    file = match.found[name].files[0]
    remedy = 'its architecture differs from the config: ' + _compare(own, tensors, match)
    if name.endswith('relative_position_bias_table'):
        remedy = "relative positions are not interpolated: set the backbone's img_size to that of the pre-training"
    return (
        f'{file!r} has shape {tuple(tensors[file].shape)}, the backbone {kind} needs {tuple(own[name].shape)}; {remedy}'
    )


def _compare(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], match: Match | None = None) -> str:
    below = encoder_of(tensors) if match is None else {name: tensors[file] for name, file in match.below.items()}
    return f'the file seems to hold {_article(shown_architecture(below))}, the backbone is ' + (
        _article(shown_architecture(own))
    )


def shown_architecture(tensors: Mapping[str, Tensor]) -> str:
    """Its name; where it is unknown, what the names of the tensors look like.

    Example:
        >>> shown_architecture({'model.embed_tokens.weight': torch.zeros(9, 2)})
        'a text encoder or language model'
    """
    name = guess_architecture(tensors).name
    return (likeness(tensors) or name) if name == UNKNOWN else name


def _article(name: str) -> str:
    return name if name.startswith(('a ', 'an ', 'the ')) else f'a {name}'


def encoder_of(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The preferred network of a file, in timm's names without the prefix; everything if none is known."""
    prefix = next(iter(find_encoders(tensors)), '')
    return {name[len(prefix) :]: tensors[file] for name, file in to_timm(tensors).items() if name.startswith(prefix)}
