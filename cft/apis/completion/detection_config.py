"""Fill in what a config for own detection data leaves to the data."""

from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from cft.datasets.coco_listing import CocoListing
from cft.datasets.detection_layout import WORDS, Layout, check_classes, class_names, find_layout
from cft.datasets.detection_parts import SPLITS
from cft.datasets.held_out_images import holding_out_images
from cft.datasets.held_out_parts import Division, part_of_training
from cft.engine.class_heads import OTHER_CLASSES
from cft.engine.config_nodes import innermost_dataset, iterate_dicts

DATASET = 'cft.FolderDetection'


def complete_detection_folder(cfg: Config) -> None:
    """Set the kind of the labels, the classes and the widths of the heads.

    - ``label_format = None`` becomes what is found, there and in every data set.
    - The data sets get the names of the classes (``metainfo``), and heads with
      ``num_classes = None`` their number. The classes of all splits that the config uses are compared.

    One log line tells what was found, and what is held out of the training images.
    Configs whose training data are no :class:`cft.datasets.folder_detection.FolderDetection`
    are left alone.

    Args:
        cfg: The config, changed in place.

    Raises:
        ConfigError: If the data are wrong.

    Example:
        >>> cfg = load_config('ce/r50_folder_det', ['data_root=chess'])  # doctest: +SKIP
        >>> complete_detection_folder(cfg)  # doctest: +SKIP
        >>> cfg.model.roi_head.bbox_head.num_classes  # doctest: +SKIP
        12
    """
    loaders = [cfg.get(f'{split}_dataloader') or {} for split in SPLITS]
    datasets = [innermost_dataset(loader.get('dataset', {})) for loader in loaders]
    training = datasets[SPLITS.index('train')]
    if training.get('type') != DATASET:
        return
    layout = find_layout(training['data_root'], training.get('label_format'))
    frame = training.get('label_frame') or layout.label_frame
    used = {'train'} | {split for split, dataset in zip(SPLITS, datasets, strict=True) if dataset}
    listings = {split: part.read(frame) for split, part in layout.parts.items() if split in used}
    classes = tuple((training.get('metainfo') or {}).get('classes') or class_names(listings['train']))
    for split, listing in listings.items():
        check_classes(listing, classes, layout.parts[split].place)
    if 'label_format' in cfg:
        cfg.label_format = layout.kind
    for dataset in datasets:
        if dataset.get('type') == DATASET:
            dataset.update(label_format=layout.kind, metainfo={**(dataset.get('metainfo') or {}), 'classes': classes})
    for where, node in iterate_dicts(cfg.model):
        name = where.rpartition('.')[2]
        if name.endswith('head') and name not in OTHER_CLASSES and node.get('num_classes', 0) is None:
            node['num_classes'] = len(classes)
    images = [image['file_name'] for image in listings['train'].images]
    division = Division(**{name: training[name] for name in Division._fields if name in training})
    held_out = {}
    for part in layout.source_of('train', division).parts:
        source = layout.source_of(part.split, division)
        held_out[part.words] = len(part_of_training(source, len(images), holding_out_images(images)))
    print_log(_found(layout, listings, classes, held_out), 'current')


def _found(layout: Layout, listings: dict[str, CocoListing], classes: tuple[str, ...], held_out: dict[str, int]) -> str:
    splits = [
        f'{split} {_below(part.place, layout.root)} ({len(listings[split].images)} images)'
        for split, part in layout.parts.items()
        if split in listings
    ]
    made = ''.join(f'; {number} of the training images are held out for {words}' for words, number in held_out.items())
    return (
        f'{layout.root}: {WORDS[layout.kind]}, {", ".join(splits)}{made}; {len(classes)} classes: {", ".join(classes)}'
    )


def _below(place: Path, root: Path) -> str:
    return str(place.relative_to(root)) if place.is_relative_to(root) else str(place)
