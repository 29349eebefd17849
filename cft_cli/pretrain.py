"""Pre-train without labels: cft pretrain sce/r50_imagenet data_root=FOLDER.

It is cft train for the configs of self-supervised methods, with the same options; any other config is refused.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .train import parse_args, run

if TYPE_CHECKING:
    from mmengine.config import Config


def main(arguments: Sequence[str] | None = None) -> None:
    run(parse_args(arguments, 'pretrain', __doc__), _check)


def _check(cfg: 'Config') -> None:
    from cft.apis.configs.checks import check_pretraining

    check_pretraining(cfg)
