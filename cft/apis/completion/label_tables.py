"""Whether a config's labels are those of folders or of a table: what ``data_root`` is decides."""

from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from cft.datasets.table_file import SUFFIXES, is_table
from cft.engine.config_nodes import iterate_dicts
from cft.engine.shortcuts import set_shortcut
from cft.errors import ConfigError

FOLDER, TABLE, SEVERAL_LABELS = 'cft.ImageFolder', 'cft.LabelTable', 'cft.MultiLabelTable'
STEM = 'labels'


def choose_label_source(cfg: Config) -> None:
    """Let each data set of images in folders or a table be of the type that its ``data_root`` asks for.

    A ``.csv`` or ``.tsv`` file is read by :class:`cft.datasets.LabelTable`, and
    so is the ``labels.csv`` or ``labels.tsv`` of a folder; any other folder by
    :class:`cft.datasets.ImageFolder`. A log line tells of a change, and the
    config that the run writes has it.

    Args:
        cfg: The config, changed in place; other data sets are left alone.

    Raises:
        ConfigError: If a folder has both files.

    Example:
        >>> cfg = Config(dict(train_dataloader=dict(dataset=dict(type='cft.ImageFolder', data_root='flowers.csv'))))
        >>> choose_label_source(cfg)  # doctest: +SKIP
        flowers.csv is read by cft.LabelTable instead of cft.ImageFolder
    """
    changes: set[str] = set()
    for _, node in iterate_dicts(cfg._cfg_dict):
        if node.get('type') not in (FOLDER, TABLE, SEVERAL_LABELS) or not isinstance(node.get('data_root'), str):
            continue
        root = find_table(node['data_root'])
        wanted = FOLDER if not is_table(root) else TABLE
        if node['type'] == SEVERAL_LABELS:
            wanted = SEVERAL_LABELS
        if (wanted, root) != (node['type'], node['data_root']):
            changes.add(
                f'{root} is read by {wanted}' + (f' instead of {node["type"]}' if wanted != node['type'] else '')
            )
        if root != node['data_root'] and cfg.get('data_root') == node['data_root']:
            set_shortcut(cfg._cfg_dict, 'data_root', root)
        node.update(type=wanted, data_root=root)
    for change in sorted(changes):
        print_log(change, 'current')


def find_table(data_root: str) -> str:
    """The table in a folder; what has none, or is one, itself.

    Example:
        >>> find_table('flowers.csv')
        'flowers.csv'
    """
    folder = Path(data_root)
    found = [folder / f'{STEM}{suffix}' for suffix in SUFFIXES if (folder / f'{STEM}{suffix}').is_file()]
    if len(found) > 1:
        raise ConfigError(f'{folder} has {found[0].name} and {found[1].name}; name one of them: data_root={found[0]}')
    return str(found[0]) if found else data_root
