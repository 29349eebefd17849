"""The labelled images of each draw and amount by name, as a comparison takes them and other tools may."""

import copy
import os
from collections.abc import Sequence
from pathlib import Path

from torch.utils.data import Dataset

from cft.apis.completion.completion import complete_config
from cft.apis.configs.config import load_config
from cft.apis.configs.overrides import Overrides, apply_overrides, names_of
from cft.apis.evaluation.data import build_dataset
from cft.datasets.sample_infos import parts_of, sample_infos
from cft.files import write_atomically

from .amounts import Amount, amount_label
from .runs import draw_overrides


def label_lists(
    config: str | Path, amounts: Sequence[Amount], draws: int = 5, overrides: Overrides | None = None
) -> dict[tuple[int | str, int], list[str]]:
    """Training images of each amount of labels and draw.

    The lists of a draw nest, and are those that ``cft compare labels=...``
    trains on.

    Args:
        config: Of any classification data set.
        amounts: Numbers of each class, or parts in (0, 1).
        draws: Number of draws.
        overrides: As of :func:`cft.apis.load_config`.

    Returns:
        Names below ``data_root``, or ``index:17`` of the 18th image of a data set in memory, by :func:`amount_label`
        and draw.

    Raises:
        ConfigError: If images have not one class each, or a class has too few.

    Example:
        >>> lists = label_lists('quickstart/ce_digits', [0.01, 0.1], draws=1)
        >>> len(lists['1%', 0]), len(lists['10%', 0]), set(lists['1%', 0]) < set(lists['10%', 0])
        (10, 101, True)
    """
    cfg = load_config(config, overrides)
    complete_config(cfg)
    found = {}
    for draw in range(draws):
        for amount in amounts:
            drawn = copy.deepcopy(cfg)
            apply_overrides(drawn._cfg_dict, draw_overrides(cfg, amount, draw, names_of(overrides or ())))
            dataset = build_dataset(drawn, drawn.train_dataloader.dataset)
            found[amount_label(amount), draw] = _names(dataset)
    return found


def _names(dataset: Dataset) -> list[str]:
    names = []
    for part, indices in parts_of(dataset):
        root = os.path.join(str(getattr(part, 'data_root', '') or ''), '')
        for index, info in zip(indices, sample_infos(part, indices), strict=True):
            path = info.get('img_path')
            names.append(f'index:{index}' if path is None else str(path).removeprefix(root))
    return names


def write_label_lists(lists: dict[tuple[int | str, int], list[str]], folder: Path) -> list[Path]:
    """Write each list, a name a line, as ``5_draw0.txt`` or ``1percent_draw0.txt``.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for (label, draw), names in lists.items():
        path = folder / f'{str(label).replace("%", "percent")}_draw{draw}.txt'
        write_atomically(path, ''.join(f'{name}\n' for name in names).encode(errors='surrogateescape'))
        files.append(path)
    return files
