"""Move the splits of a config together, and see that no image is in two of them."""

from itertools import combinations

from mmengine.config import Config
from mmengine.registry import DefaultScope

from cft.datasets.sample_infos import image_files
from cft.engine.split_divisions import WORDS, readings, takes
from cft.errors import ConfigError
from cft.registry import DATASETS

SHOWN = 3
WITHOUT_TEST: dict[str, None] = {'test_dataloader': None, 'test_cfg': None, 'test_evaluator': None}


def split_overrides(cfg: Config, seed: int) -> dict[str, int]:
    """Overrides that draw training and validation anew, all data sets alike.

    The seed of every data set that divides its data, or draws a part of them
    (:class:`cft.datasets.StratifiedSubset`), becomes ``seed``. What is held out
    for the test (``test_seed``) stays.

    Args:
        cfg: From :func:`cft.apis.load_config`.
        seed: Of the splits.

    Returns:
        Settings by their dotted names; none where nothing is drawn, as with CIFAR-10.

    Example:
        >>> from cft.apis import load_config
        >>> split_overrides(load_config('quickstart/scl_digits'), 3)
        {'train_dataloader.dataset.seed': 3}
        >>> sorted(split_overrides(load_config('ce/folder'), 3))[0]
        'test_dataloader.dataset.seed'
    """
    return {
        f'{where}.seed': seed
        for reading in readings(cfg._cfg_dict)
        for where, node in (*reading.wrappers, (reading.where, reading.node))
        if takes(node, 'seed')
    }


def held_out_test(cfg: Config, fraction: float, seed: int = 0) -> dict[str, float]:
    """Overrides that hold a test part out of data which have no test split of their own.

    Args:
        cfg: From :func:`cft.apis.load_config`.
        fraction: Of the training images, in (0, 1).
        seed: Which images; the seed of :func:`split_overrides` leaves them as they are.

    Returns:
        Settings by their dotted names; none where the data sets of the config are not divided so.

    Example:
        >>> from cft.apis import load_config
        >>> held_out_test(load_config('ce/folder'), 0.2)['train_dataloader.dataset.test_fraction']
        0.2
    """
    changed: dict[str, float] = {}
    for reading in readings(cfg._cfg_dict):
        if takes(reading.node, 'test_fraction'):
            changed |= {f'{reading.where}.test_fraction': fraction, f'{reading.where}.test_seed': seed}
    return changed


def check_disjoint(cfg: Config) -> None:
    """Look whether a file is in two splits of a config; images are listed and not read.

    Args:
        cfg: Completed, as by :func:`cft.apis.running.runner.prepare_config`.

    Raises:
        ConfigError: Naming files that are in two.

    Example:
        >>> check_disjoint(cfg)  # doctest: +SKIP
    """
    files: dict[str, set[str]] = {}
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope') or 'mmengine'):
        for split in WORDS:
            dataset = (cfg.get(f'{split}_dataloader') or {}).get('dataset')
            if dataset is not None:
                files[split] = set(image_files(DATASETS.build(dataset)))
    for first, second in combinations(files, 2):
        shared = sorted(files[first] & files[second])
        if shared:
            raise ConfigError(
                f'{len(shared)} images are in the {WORDS[first]} and the {WORDS[second]} split '
                f'({", ".join(shared[:SHOWN])}{", ..." if shared[SHOWN:] else ""}); divide the data so that each is in '
                'one'
            )
