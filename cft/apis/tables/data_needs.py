"""Which data the runs of a table read, where they come from, and what prepares them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from rich.console import Console

from cft.datasets.preparation import prepare_coco, prepare_domains, prepare_voc
from cft.datasets.preparation.classification import IMAGE_SETS, OTHER_SETS, prepare_classification
from cft.engine.config_nodes import iterate_dicts
from cft.errors import ConfigError

DATA = Path('data')
DOMAINS = {'PACS': 'pacs', 'VLCS': 'vlcs', 'OfficeHome': 'officehome'}
PAGES = {
    'coco': ('https://cocodataset.org/#download', 21.0),
    'PACS': ('https://domaingeneralization.github.io/#data', 0.2),
    'VLCS': ('https://github.com/facebookresearch/DomainBed', 0.4),
    'OfficeHome': ('https://www.hemanthdv.org/officeHomeDataset.html', 1.1),
    'stl10': ('https://cs.stanford.edu/~acoates/stl10/ (unpack stl10_binary.tar.gz there)', 3.0),
    'tiny-imagenet-200': ('http://cs231n.stanford.edu/tiny-imagenet-200.zip (unpack there)', 0.3),
}
COMMANDS = {
    'coco': 'python tools/datasets/prepare_coco.py DOWNLOADS',
    **{folder: f'python tools/datasets/prepare_domains.py {name} FOLDER' for folder, name in DOMAINS.items()},
}
LISTS = 'the lists of Ravi and Larochelle, see configs/ce/README.md'
VOC_PAGE = 'http://host.robots.ox.ac.uk/pascal/VOC/'


@dataclass(frozen=True)
class DataNeed:
    """Data that runs read.

    Attributes:
        name: Of the data set.
        place: What must be there.
        page: Where the download is.
        gigabytes: On the disk, about.
        command: What prepares it; None where unpacking is all.

    Example:
        >>> need_of('data/dtd/labels.csv').command
        'python tools/datasets/prepare.py dtd --from DOWNLOADS'
    """

    name: str
    place: str
    page: str
    gigabytes: float
    command: str | None

    @property
    def is_there(self) -> bool:
        """Whether the file or folder is there; what is in it, the run checks."""
        return Path(self.place).exists()


def need_of(data_root: str, parts: Iterable[str] = ()) -> DataNeed:
    """What a ``data_root`` of our configs stands for.

    Args:
        data_root: As the config has it.
        parts: Of VOC those that are needed.

    Example:
        >>> need_of('data/VOCdevkit', ['voc12', 'trainaug']).command
        'python tools/datasets/prepare_voc.py DOWNLOADS --need voc12 trainaug'
    """
    path = Path(data_root)
    name = path.parent.name if path.suffix else path.parts[min(1, len(path.parts) - 1)]
    known = IMAGE_SETS | OTHER_SETS
    if name in known:
        own = known[name]
        return DataNeed(
            name, data_root, own.page, own.gigabytes, f'python tools/datasets/prepare.py {name} --from DOWNLOADS'
        )
    if name == 'VOCdevkit':
        needed = ' '.join(parts) or 'voc07 voc12'
        return DataNeed(
            name, data_root, VOC_PAGE, 3.0, f'python tools/datasets/prepare_voc.py DOWNLOADS --need {needed}'
        )
    page, size = PAGES.get(name, ('its own page', 0.0))
    return DataNeed(name, data_root, page, size, COMMANDS.get(name))


def data_needs(configs: Iterable[Config]) -> list[DataNeed]:
    """What configs read that is neither drawn nor comes with a library.

    Example:
        >>> from cft.apis import load_config
        >>> [need.name for need in data_needs([load_config('ce/r50_dtd'), load_config('quickstart/ce_digits')])]
        ['dtd']
    """
    found: dict[str, DataNeed] = {}
    for cfg in configs:
        root = cfg.get('data_root')
        if root is None or cfg.get('drawn_data') is not None or Path(root).is_absolute():
            continue
        need = need_of(str(root), _voc_parts(cfg))
        found.setdefault(f'{need.place} {need.command}', need)
        for _, node in iterate_dicts(cfg._cfg_dict):
            lists = node.get('images_file')
            if isinstance(lists, str) and not Path(lists).is_absolute():
                found.setdefault(lists, DataNeed(Path(lists).name, lists, LISTS, 0.0, None))
    return list(found.values())


def prepare_needs(needs: Iterable[DataNeed], downloads: Path | None, console: Console) -> list[str]:
    """Prepare what is needed from a folder of downloads, or only verify.

    Args:
        needs: From :func:`data_needs`.
        downloads: None only verifies.
        console: Where progress goes.

    Returns:
        A line for each that is missing or damaged, with the page it comes from.

    Example:
        >>> prepare_needs([], None, Console())
        []
    """
    return [line for need in needs if (line := _prepared(need, downloads, console)) is not None]


def _prepared(need: DataNeed, downloads: Path | None, console: Console) -> str | None:
    try:
        _preparation(need)(downloads, console)
    except ConfigError as error:
        return f'{need.name}: {error}' + ('' if need.page in str(error) else f' ({need.page})')
    return None


def _preparation(need: DataNeed) -> Callable[[Path | None, Console], None]:
    name, words = need.name, (need.command or '').split()
    if name in IMAGE_SETS or name in OTHER_SETS:
        return lambda downloads, console: prepare_classification(name, downloads, DATA, console)
    if name == 'VOCdevkit':
        needed = words[words.index('--need') + 1 :]
        return lambda downloads, console: prepare_voc(downloads, DATA / name, needed, console)
    if name == 'coco':
        return lambda downloads, console: prepare_coco(downloads, DATA / name, ['train2017', 'val2017'], console)
    if name in DOMAINS:
        return lambda downloads, console: prepare_domains(DOMAINS[name], downloads, DATA / name, console)
    return lambda downloads, console: _require(need)


def _require(need: DataNeed) -> None:
    if not need.is_there:
        raise ConfigError(f'{need.place} is missing; get it from {need.page}')


def _voc_parts(cfg: Mapping) -> list[str]:
    """Of VOC's archives those whose images a config names."""
    text = str(cfg.get('train_dataloader')) + str(cfg.get('test_dataloader'))
    masks = 'SegmentationClass' in text
    names = {'voc07': 'VOC2007' in text or 'VOC2007' in str(cfg.get('data_root')), 'voc12': 'VOC2012' in text or masks}
    return [name for name, needed in {**names, 'trainaug': 'trainaug' in text}.items() if needed]
