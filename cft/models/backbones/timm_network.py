"""A network of timm by its name, without a classifier and without weights of anybody."""

import difflib
from typing import Any

from mmengine.logging import print_log

from cft.errors import ConfigError

# Images of other sizes than the network's own, where its family knows the argument.
ANY_SIZE = {'dynamic_img_size': True, 'strict_img_size': False}
# Swin shifts the windows in every stage, as in its detection code; timm leaves them where one covers the map.
MAPS = {'always_partition': True}
FROM_FILE = "weights come from a file: init_cfg=dict(type='SSLPretrained', checkpoint=FILE)"
ELSEWHERE = {
    'pretrained': FROM_FILE,
    'checkpoint_path': FROM_FILE,
    'features_only': 'out_indices asks for feature maps',
    'num_classes': 'the classifier is the head of the model',
}


def create_network(model_name: str, maps: bool = False, **arguments: Any) -> Any:
    """Make a network of timm whose output is what its classifier would get.

    Args:
        model_name: As ``timm.list_models()`` has it; a tag behind a dot names weights, which are not fetched.
        maps: It is to give feature maps.
        arguments: Of ``timm.create_model`` and of the network's class.

    Returns:
        The network; what timm's networks have in common is no class.

    Raises:
        ConfigError: If timm has no such network or the network no such argument.

    Example:
        >>> create_network('vit_tiny_patch16_224', depth=1).num_features
        192
    """
    import timm

    for name in ELSEWHERE.keys() & arguments.keys():
        raise ConfigError(f'cft.TimmBackbone takes no {name}={arguments[name]!r}: {ELSEWHERE[name]}')
    if not timm.is_model(model_name):
        near = difflib.get_close_matches(model_name.partition('.')[0], timm.list_models(), n=4)
        advice = f'near names: {", ".join(near)}' if near else 'timm.list_models() has all names'
        raise ConfigError(f'timm {timm.__version__} has no network {model_name!r}; {advice}')
    if '.' in model_name:
        print_log(f'{model_name}: the weights of this tag are not fetched; {FROM_FILE}', 'current')
    return _create(model_name, {**ANY_SIZE, **(MAPS if maps else {})}, arguments)


def _create(model_name: str, optional: dict[str, bool], arguments: dict[str, Any]) -> Any:
    import timm

    try:
        return timm.create_model(model_name, num_classes=0, **{**optional, **arguments})
    except TypeError as error:
        unknown = next((name for name in optional if f"'{name}'" in str(error) and name not in arguments), None)
        if unknown is None:
            raise ConfigError(f'timm.create_model({model_name!r}) refuses its arguments: {error}') from error
    except (RuntimeError, AssertionError, ValueError, KeyError) as error:
        raise ConfigError(f'timm.create_model({model_name!r}) refuses its arguments: {error}') from error
    return _create(model_name, {name: value for name, value in optional.items() if name != unknown}, arguments)
