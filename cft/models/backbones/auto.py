"""The place of a network that is yet to be chosen."""

from mmengine.model import BaseModule

from cft.errors import ConfigError
from cft.registry import MODELS


@MODELS.register_module()
class AutoBackbone(BaseModule):
    """Stands in a config for the network that cft chooses by the top-level name ``backbone``.

    Before anything is built, :func:`cft.apis.completion.backbone_choice.choose_backbone`
    puts the network into its place, with the settings that are given here.

    Args:
        settings: Of the network.

    Raises:
        ConfigError: Always: whoever builds this has left the choice out.

    Example:
        >>> backbone = 'resnet18'
        >>> model = dict(backbone=dict(type='cft.AutoBackbone'))
    """

    def __init__(self, **settings: object) -> None:
        raise ConfigError(
            'the backbone is not chosen yet: start this config with cft train, or give the one that such a run left '
            'in its work dir, which names the network'
        )
