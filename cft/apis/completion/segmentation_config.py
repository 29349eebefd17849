"""Fill in what a config for a folder of images and masks leaves to the folder."""

from collections.abc import Sequence

from mmengine.config import Config

from cft.datasets.held_out_parts import Division
from cft.datasets.image_folder import SPLIT_FOLDERS
from cft.datasets.mask_classes import MaskClasses, find_mask_classes
from cft.datasets.segmentation_layout import all_masks, find_splits
from cft.datasets.segmentation_parts import pairs_of_split
from cft.engine.config_nodes import innermost_dataset, iterate_dicts

DATASET = 'cft.SegmentationFolder'
READER = 'cft.LoadSegmentation'


def complete_segmentation_config(cfg: Config) -> None:
    """Set classes, colours and the number of classes of a config of ``cft.SegmentationFolder``.

    The masks are read once; a config that has its classes already, as a run
    dumps it, is left as it is. ``classes`` at the top of the config gives their
    names, or a file of them. Masks of splits that the config does not use are
    not read.

    - Each data set gets ``metainfo`` with classes and palette, and
      ``foreground`` if the masks are of 0 and 255 alone.
    - ``num_classes = None`` of a head or of ``cft.LoadSegmentation`` becomes
      the number of classes.

    Args:
        cfg: The config, changed in place.

    Raises:
        ConfigError: If images, masks or classes are missing or do not fit each other.
        DataError: If a mask cannot be read.

    Example:
        >>> cfg = load_config('ce/r50_folder_seg', ['data_root=cells'])  # doctest: +SKIP
        >>> complete_segmentation_config(cfg)  # doctest: +SKIP
        >>> cfg.model.decode_head.num_classes  # doctest: +SKIP
        2
    """
    nodes = [node for _, node in iterate_dicts(cfg._cfg_dict) if node.get('type') == DATASET]
    training = innermost_dataset(cfg.get('train_dataloader', {}).get('dataset', {}))
    if training.get('type') != DATASET:
        return
    given = cfg.get('classes')
    written = list((training.get('metainfo') or {}).get('classes') or ())
    if not written or (given is not None and given != written):
        used = [split for split in SPLIT_FOLDERS if cfg.get(f'{split}_dataloader')]
        found = _look(training, given, used)
        for node in nodes:
            node['metainfo'] = found.metainfo
            node['foreground'] = found.foreground
        for name, value in (('foreground', found.foreground), ('classes', given and found.names)):
            if name in cfg:
                cfg[name] = value
        written = found.names
    heads = [node for _, node in iterate_dicts(cfg.model)]
    readers = [node for _, node in iterate_dicts(cfg._cfg_dict) if node.get('type') == READER]
    for node in (*heads, *readers):
        if 'num_classes' in node and node['num_classes'] is None:
            node['num_classes'] = len(written)


def _look(dataset: dict, classes: str | Sequence[str] | None, used: Sequence[str]) -> MaskClasses:
    splits = find_splits(dataset['data_root'], dataset.get('image_folder'), dataset.get('mask_folder'))
    division = Division(**{name: dataset[name] for name in Division._fields if name in dataset})
    # Without masks of its own the test is the validation.
    looked_at = [split for split in used if split != 'test' or split in splits or division.test_fraction]
    return find_mask_classes(
        dataset['data_root'],
        all_masks({split: pairs_of_split(splits, split, division, dataset['data_root']) for split in looked_at}),
        classes=classes,
        reduce_zero_label=bool(dataset.get('reduce_zero_label')),
        foreground=dataset.get('foreground'),
    )
