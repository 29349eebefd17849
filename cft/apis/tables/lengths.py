"""How many images a run works through, from its config alone."""

from mmengine.config import Config

from cft.datasets.preparation.classification import IMAGE_SETS, OTHER_SETS
from cft.engine.config_nodes import innermost_dataset, iterate_dicts

from .data_needs import need_of

# Images that a list of classes, or of files, leaves of a data set.
OF_LIST = {
    'cifar_fs/train': 38_400,
    'fc100/train': 36_000,
    'miniimagenet/train': 38_400,
    'tieredimagenet/train': 448_695,
    'imagenet100': 126_689,
    '1percent.txt': 12_811,
    '10percent.txt': 128_116,
}
# Of those without a preparation of ours.
OF_FOLDER = {'stl10': 100_000, 'tiny-imagenet-200': 100_000, 'coco': 118_287}


def training_images(cfg: Config) -> int | None:
    """Images that the whole training sees, each time counted; None if the config does not tell.

    Example:
        >>> from cft.apis import load_config
        >>> training_images(load_config('ce/r50_dtd')) == 100 * 3760
        True
    """
    steps = cfg.train_cfg.get('max_iters')
    if steps is not None:
        return int(steps) * base_batch(cfg)
    images = images_of_epoch(cfg)
    return None if images is None else images * int(cfg.train_cfg.max_epochs)


def base_batch(cfg: Config) -> int:
    """Images of a step in all processes."""
    return int(cfg.get('auto_scale_lr', {}).get('base_batch_size') or cfg.train_dataloader.batch_size)


def images_of_epoch(cfg: Config) -> int | None:
    """Training images; None if they are not known."""
    dataset = innermost_dataset(cfg.train_dataloader.dataset)
    for _, node in iterate_dicts(cfg.train_dataloader.to_dict()):
        listed = next((node[key] for key in ('classes_file', 'list_file') if node.get(key) in OF_LIST), None)
        if listed is not None:
            return OF_LIST[listed]
    name = need_of(str(cfg.get('data_root') or dataset.get('data_root') or '')).name
    known = IMAGE_SETS | OTHER_SETS
    return known[name].train if name in known else OF_FOLDER.get(name)
