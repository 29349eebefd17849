"""Whether the tensors of a checkpoint are those of a model."""

import logging
import re
from collections import OrderedDict
from dataclasses import dataclass

from mmengine.logging import print_log
from mmengine.model import BaseTTAModel
from torch import Tensor, nn

from cft.checkpoints import refuse_non_finite
from cft.engine.model_access import unwrap_model
from cft.errors import ConfigError

# As torch words it.
SIZE = re.compile(
    r'size mismatch for (\S+): copying a param with shape (.+?) from .*? the shape in .*? is (.+?)\.$', re.MULTILINE
)
# Older BatchNorms do not count their batches, and only a momentum of None asks for the number.
COUNTER = 'num_batches_tracked'
SHOWN = 4


@dataclass(frozen=True)
class Fit:
    """How a model was filled.

    Attributes:
        missing: The model's names that the file lacks.
        shapes: Names with another shape: that of the file, and the model's.
        unexpected: Names of the file that the model does not have.
    """

    missing: list[str]
    shapes: dict[str, tuple[str, str]]
    unexpected: list[str]


def fill(model: nn.Module, content: object, path: object) -> Fit:
    """Load what fits, as torch loads: modules may rename or resize what they know.

    Args:
        model: With or without wrappers.
        content: A checkpoint.
        path: For the messages.

    Raises:
        ConfigError: If there are no named tensors, none is the model's, or one is not finite.

    Example:
        >>> fill(nn.Linear(2, 1), {'weight': torch.ones(1, 2), 'scale': torch.ones(1)}, 'a.pth')
        Fit(missing=['bias'], shapes={}, unexpected=['scale'])
    """
    model = _innermost(model)
    tensors = named_tensors(content, path)
    refuse_non_finite(tensors, str(path))
    own = model.state_dict()
    if own.keys().isdisjoint(tensors):
        raise ConfigError(
            f'{path} holds no tensor of the model: its names are {list(tensors)[:3]}, those of the model '
            f"{list(own)[:3]}; a backbone alone is loaded by init_cfg=dict(type='SSLPretrained', checkpoint=FILE)"
        )
    shapes: dict[str, tuple[str, str]] = {}
    while True:
        try:
            missing, unexpected = model.load_state_dict(tensors, strict=False)
        except RuntimeError as error:
            found = {name: (there, here) for name, there, here in SIZE.findall(str(error)) if name in tensors}
            if not found:
                raise ConfigError(f'{path} does not fit the model: {" ".join(str(error).split())[:300]}') from error
            shapes |= found
            for name in found:
                del tensors[name]
            continue
        missing = [name for name in missing if name not in shapes and not name.endswith(COUNTER)]
        return Fit(missing, shapes, unexpected)


def named_tensors(content: object, path: object) -> 'OrderedDict[str, Tensor]':
    """The tensors of a checkpoint by their names in a model without wrappers.

    Raises:
        ConfigError: If there are none.
    """
    tensors = content.get('state_dict', content) if isinstance(content, dict) else None
    if not isinstance(tensors, dict):
        raise ConfigError(
            f'{path} holds a {type(content).__name__} without named tensors; give a checkpoint of a model'
        )
    named = OrderedDict((name.removeprefix('module.'), v) for name, v in tensors.items() if isinstance(v, Tensor))
    # Modules that have changed look there for the version of the file.
    named._metadata = getattr(tensors, '_metadata', None)  # type: ignore[attr-defined]  # as torch leaves it
    return named


def require_whole(model: nn.Module, fit: Fit, path: object) -> None:
    """Let no model be used of which a tensor is not there.

    Tensors that have no place in the model are told, unless they belong in the
    middle of it: the further layers of a deeper network.

    Args:
        model: As it was filled.
        fit: From :func:`fill`.
        path: For the messages.

    Raises:
        ConfigError: Naming the first tensor that does not fit.

    Example:
        >>> model = nn.Linear(2, 1)
        >>> require_whole(model, fill(model, model.state_dict(), 'a.pth'), 'a.pth')
    """
    model = _innermost(model)
    problem = _misfit(model, fit, [name for name in fit.unexpected if _is_inside(model, name)])
    if problem:
        raise ConfigError(
            f'{path} is no checkpoint of this model: it {problem}; give the config that its training left in its '
            'work dir'
        )
    if fit.unexpected:
        print_log(f'{path}: {_some(fit.unexpected)} have no place in the model', 'current')


def require_same(model: nn.Module, fit: Fit, path: object) -> None:
    """Let no run go on with another model than the one that it began with.

    Raises:
        ConfigError: Naming the first tensor that does not fit.
    """
    problem = _misfit(_innermost(model), fit, fit.unexpected)
    if problem:
        raise ConfigError(
            f'{path} cannot be resumed with this model: it {problem}; resume with the config that it was written with, '
            'or start a new run from it with load_from and without resume'
        )


def require_backbone(model: nn.Module, fit: Fit, path: object) -> None:
    """Let a training start from a whole backbone; what else begins anew is told.

    Raises:
        ConfigError: If the file fills the backbone in part.
    """
    anew = [*fit.missing, *fit.shapes]
    backbone = [name for name in [*anew, *fit.unexpected] if name.startswith('backbone.')]
    if backbone:
        problem = _misfit(_innermost(model), fit, fit.unexpected)
        raise ConfigError(
            f"{path} does not fit the model's backbone, see {backbone[0]}: it {problem}; give the backbone the "
            'architecture of the file, or a file of its own'
        )
    told = [f'{_some(anew)} begin anew'] if anew else []
    told += [f'{_some(fit.unexpected)} of the file have no place in it'] if fit.unexpected else []
    if told:
        print_log(f'{path} fills the model in part: {"; ".join(told)}', 'current', logging.WARNING)


def _misfit(model: nn.Module, fit: Fit, unexpected: list[str]) -> str:
    parts = []
    if fit.missing:
        parts.append(f'lacks {len(fit.missing)} of its {len(model.state_dict())} tensors, first {fit.missing[0]}')
    if fit.shapes:
        name, (there, here) = next(iter(fit.shapes.items()))
        parts.append(f'has {len(fit.shapes)} of another shape, first {name} with {there} instead of {here}')
    if unexpected:
        parts.append(f'holds {len(unexpected)} for which the model has no place, first {unexpected[0]}')
    return ', '.join(parts)


def _innermost(model: nn.Module) -> nn.Module:
    model = unwrap_model(model)
    return unwrap_model(model.get_submodule('module')) if isinstance(model, BaseTTAModel) else model


def _is_inside(model: nn.Module, name: str) -> bool:
    """Whether a tensor belongs into the backbone, into a single layer, or among a list of them."""
    module = model
    for part in name.split('.')[:-1]:
        if part not in module._modules or module._modules[part] is None:
            break
        module = module.get_submodule(part)
    if module is model:
        return False
    return name.startswith('backbone.') or isinstance(module, nn.Sequential | nn.ModuleList) or not module._modules


def _some(names: list[str]) -> str:
    shown = ', '.join(names[:SHOWN]) + (', ...' if len(names) > SHOWN else '')
    return f'{len(names)} {"tensor" if len(names) == 1 else "tensors"} ({shown})'
