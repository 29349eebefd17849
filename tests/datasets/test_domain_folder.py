"""DomainFolder: what is trained on, what validates, what is held out."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from cft.datasets import DomainFolder
from cft.errors import ConfigError
from tests.support.domain_files import draw_domains, samples

SIZES = {'art': {'cat': 10, 'dog': 5}, 'photo': {'cat': 5, 'dog': 20}, 'sketch': {'cat': 2, 'dog': 3}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return draw_domains(tmp_path / 'data', SIZES)


def files_of(root: Path, *domains: str) -> list[str]:
    return sorted(str(path.relative_to(root)) for domain in domains for path in (root / domain).rglob('*.png'))


@pytest.mark.parametrize('test_domain', SIZES)
def test_splits(root: Path, test_domain: str) -> None:
    """A fifth of each class of each training domain validates, the rest trains, the held-out domain is all test."""
    train, val, test = (samples(root, test_domain, split) for split in ('train', 'val', 'test'))
    training = [domain for domain in SIZES if domain != test_domain]
    assert sorted(path for path, _, _ in train + val) == files_of(root, *training)
    assert not set(train) & set(val)
    assert [path for path, _, _ in test] == files_of(root, test_domain)
    for path, label, domain in train + val + test:
        assert path.split('/')[:2] == [['art', 'photo', 'sketch'][domain], ['cat', 'dog'][label]]
    # A fifth, but one image at least.
    held_out = {(d, c): max(round(size / 5), 1) for d in training for c, size in SIZES[d].items()}
    assert Counter(tuple(path.split('/')[:2]) for path, _, _ in val) == held_out


def test_division_of_a_domain_does_not_depend_on_the_held_out_one(root: Path) -> None:
    for split in ('train', 'val'):
        first, second = ([s for s in samples(root, held, split) if s[2] == 0] for held in ('photo', 'sketch'))
        assert first == second


def test_division_depends_on_fraction_and_seed_alone(root: Path, tmp_path: Path) -> None:
    first = samples(root, 'art', 'val', val_fraction=0.5)
    shutil.copytree(root, tmp_path / 'moved')
    assert samples(tmp_path / 'moved', 'art', 'val', val_fraction=0.5) == first
    assert samples(root, 'art', 'val', val_fraction=0.5, seed=1) != first


def test_metainfo_and_domains(root: Path) -> None:
    dataset = DomainFolder(str(root), 'photo')
    assert dataset.metainfo == {'classes': ('cat', 'dog'), 'domains': ('art', 'photo', 'sketch')}
    assert dataset.get_domains().tolist() == [0] * 12 + [2] * 3
    assert DomainFolder(str(root), 'photo', indices=3).get_domains().tolist() == [0] * 3


def test_domains_can_be_chosen_and_ordered(root: Path) -> None:
    dataset = DomainFolder(str(root), 'photo', domains=['sketch', 'photo'])
    assert dataset.metainfo['domains'] == ('sketch', 'photo')
    assert len(dataset) == 3 and set(dataset.get_domains()) == {0}


def test_domain_reaches_the_packed_sample(root: Path) -> None:
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs', meta_keys=('img_path', 'domain'))]
    sample = DomainFolder(str(root), 'art', split='val', pipeline=pipeline)[0]
    assert sample['inputs'].shape == (3, 32, 32) and sample['data_samples'].domain == 1


@pytest.mark.parametrize('split', ['val', 'test'])
def test_evaluation_pipeline_without_the_domain(root: Path, split: str) -> None:
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
    with pytest.raises(ConfigError, match=f"{split} pipeline loses the domain.*meta_keys=.*'domain'"):
        DomainFolder(str(root), 'art', split=split, pipeline=pipeline)
    DomainFolder(str(root), 'art', split='train', pipeline=pipeline)


def test_hidden_files_are_ignored(root: Path) -> None:
    for folder in ('.git/cat', 'art/.cache', 'photo/cat/.thumbnails'):
        (root / folder).mkdir(parents=True)
        shutil.copy(root / 'art/cat/00.png', root / folder / 'x.png')
    (root / 'preview.png').touch()
    assert DomainFolder(str(root), 'art').metainfo == {'classes': ('cat', 'dog'), 'domains': tuple(SIZES)}
    assert [len(samples(root, 'art', split)) for split in ('train', 'val', 'test')] == [23, 7, 15]


def test_classes_are_those_of_the_training_domains(root: Path) -> None:
    """One may be missing in a training domain or in the held-out one."""
    shutil.rmtree(root / 'art' / 'dog')
    for test_domain in SIZES:
        assert DomainFolder(str(root), test_domain).metainfo['classes'] == ('cat', 'dog')
    assert {label for _, label, _ in samples(root, 'art', 'test')} == {0}
    assert {(label, domain) for _, label, domain in samples(root, 'sketch', 'train')} == {(0, 0), (0, 1), (1, 1)}


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
def test_class_that_only_the_held_out_domain_has(root: Path, split: str) -> None:
    """Named before training, not after it."""
    (root / 'art' / 'dog').rename(root / 'art' / 'horse')
    with pytest.raises(ConfigError, match=r"art has classes \['horse'\] that no other domain has"):
        DomainFolder(str(root), 'art', split=split)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ({'test_domain': 'skech'}, r"test_domain='skech'.*\['art', 'photo', 'sketch'\]"),
        ({'split': 'valid'}, "'test', 'train', 'val'.*'valid'"),
        ({'val_fraction': 1.0}, 'val_fraction must lie between 0 and 1, got 1.0'),
        ({'domains': ['art', 'paint']}, "no domain 'paint'.*'photo'"),
        ({'domains': ['art', 'art']}, 'twice'),
        ({'domains': ['art']}, r"1 domain folder\(s\) \['art'\]"),
        ({'data_root': 'nowhere'}, 'no folder nowhere.*data_root=FOLDER$'),
        (
            {'data_root': 'data/VLCS', 'domains': ['Caltech101', 'LabelMe', 'SUN09', 'VOC2007']},
            'no folder data/VLCS.*data_root=FOLDER, or download VLCS .*https://.*prepare_domains.py vlcs FOLDER$',
        ),
    ],
)
def test_wrong_settings(root: Path, settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DomainFolder(**{'data_root': str(root), 'test_domain': 'art'} | settings)


def test_domain_without_class_folders(root: Path) -> None:
    (root / 'splits').mkdir()
    with pytest.raises(ConfigError, match='splits has no class folders'):
        DomainFolder(str(root), 'art')


def test_class_folder_without_images(root: Path) -> None:
    for path in (root / 'sketch' / 'cat').iterdir():
        path.unlink()
    with pytest.raises(ConfigError, match='sketch/cat holds no image'):
        DomainFolder(str(root), 'art')
    # The images of the held-out domain are looked at in the test alone.
    assert len(DomainFolder(str(root), 'sketch')) == 32
    with pytest.raises(ConfigError, match='sketch/cat holds no image'):
        DomainFolder(str(root), 'sketch', split='test')


def test_domain_of_which_nothing_can_be_held_out(tmp_path: Path) -> None:
    draw_domains(tmp_path, {'a': {'cat': 1, 'dog': 1}, 'b': {'cat': 2, 'dog': 2}})
    for split in ('train', 'val'):
        with pytest.raises(ConfigError, match='domain a .* one image per class'):
            DomainFolder(str(tmp_path), 'b', split=split)
    assert len(DomainFolder(str(tmp_path), 'b', split='test')) == 4
