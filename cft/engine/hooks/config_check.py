"""A last look at the config of a run, whichever tool has merged it."""

import ast
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from cft.engine.channel_order import check_channel_order
from cft.engine.coco_evaluators import check_coco_evaluators
from cft.engine.schedule_length import check_schedule
from cft.engine.shortcuts import check_shortcuts
from cft.engine.split_divisions import check_divisions
from cft.errors import ConfigError
from cft.registry import HOOKS


def check_settings(cfg: Config, acted: bool = False) -> None:
    """Check evaluators, order of channels, splits, shortcuts and the length of schedules, the last two by the file.

    Args:
        cfg: A complete config, whatever was merged into it or set in it.
        acted: As of :func:`cft.engine.shortcuts.check_shortcuts`.

    Raises:
        ConfigError: Naming the setting and the remedy.

    Example:
        >>> check_settings(Config(dict(epochs=4, train_cfg=dict(max_epochs=4))))
    """
    check_channel_order(cfg._cfg_dict)
    check_coco_evaluators(cfg._cfg_dict)
    check_divisions(cfg._cfg_dict)
    path = Path(cfg.filename) if cfg.filename else None
    if path is None or not path.is_file():
        check_shortcuts(cfg._cfg_dict)
        check_schedule(cfg._cfg_dict)
        return
    written = Config.fromfile(path, import_custom_modules=False).to_dict()
    _check_backbone(cfg, written)
    check_shortcuts(cfg._cfg_dict, written, _assigned_above_bases(path), acted)
    check_schedule(cfg._cfg_dict, written)


def _check_backbone(cfg: Config, written: dict) -> None:
    """``backbone=NAME`` is for configs that leave the network open; whatever else it was merged into has its own."""
    name = cfg.get('backbone')
    if isinstance(name, str) and 'networks' not in cfg and name != written.get('backbone'):
        raise ConfigError(
            f'backbone={name!r} has no effect: the config names its network itself (model.backbone); give a config '
            'that leaves it open, such as ce/folder, to cft train'
        )


def _assigned_above_bases(path: Path) -> set[str]:
    """Variables of a config that has others below it; what a flat one assigns, it also uses."""
    if path.suffix != '.py':
        return set()
    statements = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign)]
    names = {target.id for node in statements for target in node.targets if isinstance(target, ast.Name)}
    return names if '_base_' in names else set()


@HOOKS.register_module()
class ConfigCheckHook(Hook):
    """Stop before training or testing if a setting was given that nothing follows.

    OpenMMLab's own tools merge ``--cfg-options`` after the file was read: a
    shortcut such as ``data_root`` then changes no data set
    (:func:`cft.engine.shortcuts.check_shortcuts`), and a new length leaves
    milestones behind (:func:`cft.engine.schedule_length.check_schedule`). COCO's
    metric must have the objects of its data set
    (:func:`cft.engine.coco_evaluators.check_coco_evaluators`), and splits of the same data must divide them alike
    (:func:`cft.engine.split_divisions.check_divisions`).

    Example:
        >>> default_hooks = dict(config_check=dict(type='cft.ConfigCheckHook'))
    """

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        check_settings(runner.cfg)
