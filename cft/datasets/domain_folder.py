"""Images in one folder per domain and class, with one domain held out for the test."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.datasets.transforms import PackInputs

from cft.datasets.image_folder import find_classes, images_of_classes
from cft.datasets.preparation.domain_sets import DOMAIN_SETS
from cft.datasets.splits import stratified_indices
from cft.errors import ConfigError
from cft.registry import DATASETS


def find_domains(data_root: str | Path, domains: Sequence[str] | None = None) -> list[str]:
    """Names of the domain folders of a data set.

    Args:
        data_root: Folder with one sub-folder per domain.
        domains: Those to use, in this order; None for all, sorted by name.

    Returns:
        Two names or more.

    Raises:
        ConfigError: If the folder or one of the named domains is missing, a
            name is given twice, or there are fewer than two domains.

    Example:
        >>> find_domains('data/PACS')  # doctest: +SKIP
        ['art_painting', 'cartoon', 'photo', 'sketch']
    """
    root = Path(data_root)
    if not root.is_dir():
        known = [name for name, published in DOMAIN_SETS.items() if set(domains or ()) == published.domains.keys()]
        remedy = ''.join(
            f', or download {DOMAIN_SETS[name].source}, then run python tools/datasets/prepare_domains.py {name} FOLDER'
            for name in known
        )
        raise ConfigError(
            f'no folder {root}; give the folder of the domains with --cfg-options data_root=FOLDER{remedy}'
        )
    found = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith('.'))
    missing = [name for name in domains or () if name not in found]
    if missing:
        raise ConfigError(f'{root} has no domain {missing[0]!r}; it has {found}: correct domains or rename the folder')
    chosen = found if domains is None else list(domains)
    if len(set(chosen)) != len(chosen):
        raise ConfigError(f'domains={chosen} names a domain twice; remove one')
    if len(chosen) < 2:
        raise ConfigError(
            f'{root} has {len(chosen)} domain folder(s) {chosen}, but one domain is held out and the others are '
            'trained on; put the images into <domain>/<class>/'
        )
    return chosen


@DATASETS.register_module()
class DomainFolder(BaseDataset):
    """Domain generalisation: train on all domains but one, test on that one.

    ``data_root`` holds one folder per domain, each with one folder per class.

    - ``'train'``: the training domains without the part held out of them;
    - ``'val'``: ``val_fraction`` of each class of each *training* domain, to
      choose a checkpoint ("training-domain validation set" of DomainBed,
      Gulrajani and Lopez-Paz, ICLR 2021);
    - ``'test'``: every image of the held-out domain. DomainBed reports on the
      80 % of it that would be its training part.

    No file of the held-out domain is listed or opened for ``'train'`` and
    ``'val'``; only the names of its class folders are compared with those of
    the training domains. Unlike DomainBed's, the division is stratified: it
    keeps the classes' proportions, and it does not depend on which domain is
    held out.

    A sample has ``img_path``, ``gt_label`` and ``domain``, an index into
    ``metainfo['domains']``, which lists the held-out domain as well. The
    classes are all those of the training domains; a domain may lack some.

    Args:
        data_root: The folder.
        test_domain: Name of the domain that is held out.
        split: ``'train'``, ``'val'`` or ``'test'``.
        val_fraction: Part of each class of each training domain for ``'val'``.
        seed: Which images these are.
        domains: Names of the domains to use; None for all folders.
        kwargs: Those of :class:`mmpretrain.datasets.BaseDataset`.

    Raises:
        ConfigError: If a folder is missing or empty, there are fewer than two
            domains, ``test_domain`` is none of them, it has a class that no
            training domain has, nothing of a domain can be held out, or the
            evaluation pipeline loses the domain.

    Example:
        >>> train = DomainFolder('data/PACS', test_domain='sketch')  # doctest: +SKIP
        >>> train.metainfo['domains']  # doctest: +SKIP
        ('art_painting', 'cartoon', 'photo', 'sketch')
    """

    # What training, validation and test must agree in.
    DIVIDED_BY = ('test_domain', 'val_fraction', 'seed', 'domains')

    def __init__(
        self,
        data_root: str,
        test_domain: str,
        split: str = 'train',
        val_fraction: float = 0.2,
        seed: int = 0,
        domains: Sequence[str] | None = None,
        **kwargs: object,
    ) -> None:
        if split not in ('train', 'val', 'test'):
            raise ConfigError(f"split must be one of ['test', 'train', 'val'], got {split!r}")
        if not 0 < val_fraction < 1:
            raise ConfigError(f'val_fraction must lie between 0 and 1, got {val_fraction}')
        names = find_domains(data_root, domains)
        if test_domain not in names:
            raise ConfigError(f'test_domain={test_domain!r} is no domain of {data_root}; it has {names}')
        self.test_domain = test_domain
        self.split = split
        self.val_fraction = val_fraction
        self.seed = seed
        metainfo = {'classes': training_classes(Path(data_root), names, test_domain), 'domains': tuple(names)}
        super().__init__(ann_file='', data_root=str(data_root), metainfo=metainfo, **kwargs)
        if split != 'train' and any(loses_domain(transform) for transform in self.pipeline.transforms):
            raise ConfigError(
                f'the {split} pipeline loses the domain, by which accuracy is told apart; write '
                "dict(type='PackInputs', meta_keys=('img_path', 'domain'))"
            )

    def get_domains(self) -> np.ndarray:
        """(N,) index of each sample's domain in ``metainfo['domains']``."""
        return np.array([self.get_data_info(index)['domain'] for index in range(len(self))])

    def load_data_list(self) -> list[dict]:
        domains = self.metainfo['domains']
        if self.split == 'test':
            return self._samples_of(domains.index(self.test_domain))
        training = [index for index, name in enumerate(domains) if name != self.test_domain]
        return [sample for domain in training for sample in self._training_part(domain)]

    def _samples_of(self, domain: int) -> list[dict]:
        folder = Path(self.data_root) / self.metainfo['domains'][domain]
        classes = enumerate(self.metainfo['classes'])
        folders = {folder / name: label for label, name in classes if (folder / name).is_dir()}
        return [
            {'img_path': str(image), 'gt_label': folders[of_class], 'domain': domain}
            for of_class, images in images_of_classes(list(folders), folder).items()
            for image in images
        ]

    def _training_part(self, domain: int) -> list[dict]:
        samples = self._samples_of(domain)
        labels = [sample['gt_label'] for sample in samples]
        in_train = set(stratified_indices(labels, self.seed, fraction=1 - self.val_fraction))
        if len(in_train) == len(samples):
            raise ConfigError(
                f'domain {self.metainfo["domains"][domain]} of {self.data_root} has one image per class, so that '
                'nothing can be held out for validation; add images or leave it out with domains=[...]'
            )
        return [sample for index, sample in enumerate(samples) if (index in in_train) == (self.split == 'train')]


def training_classes(root: Path, domains: Sequence[str], test_domain: str) -> tuple[str, ...]:
    """Sorted classes of the training domains; ``ConfigError`` if the held-out domain has another one."""
    classes = {name: find_classes(root / name) for name in domains}
    known = sorted({label for name in domains if name != test_domain for label in classes[name]})
    unknown = sorted(set(classes[test_domain]) - set(known))
    if unknown:
        raise ConfigError(f'{root / test_domain} has classes {unknown} that no other domain has; rename or remove them')
    return tuple(known)


def loses_domain(transform: object) -> bool:
    """Whether a transform of the pipeline drops the sample's domain."""
    return isinstance(transform, PackInputs) and 'domain' not in (*transform.algorithm_keys, *transform.meta_keys)
