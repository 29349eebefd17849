"""Folders of several domains, in the spellings of their distributions."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from cft.datasets.preparation.domain_sets import DOMAIN_SETS
from cft.datasets.preparation.domains import locate_domains, prepare_domains
from cft.errors import ConfigError
from tests.support import miniature
from tests.support.command_line import call_tool

CLASSES = {'pacs': ('dog', 'horse'), 'vlcs': ('bird', 'car'), 'officehome': ('Alarm_Clock', 'Bed')}
# One image more per class in each further domain.
MINI = {
    name: dataclasses.replace(
        wanted,
        classes=2,
        domains={
            domain: dataclasses.replace(sizes, images=2 * number)
            for number, (domain, sizes) in enumerate(wanted.domains.items(), 1)
        },
    )
    for name, wanted in DOMAIN_SETS.items()
}
DISTRIBUTIONS = [
    ('pacs', 'PACS', ['art_painting', 'cartoon', 'photo', 'sketch']),
    ('pacs', 'PACS/kfold', ['art_painting', 'cartoon', 'photo', 'sketch']),
    ('pacs', 'pacs/images', ['Art Painting', 'Cartoon', 'Photo', 'Sketch']),
    ('pacs', '.', ['art', 'cartoon', 'photo', 'sketch']),
    ('vlcs', 'VLCS', ['Caltech101', 'LabelMe', 'SUN09', 'VOC2007']),
    ('vlcs', 'VLCS', ['CALTECH', 'LABELME', 'SUN', 'PASCAL']),
    ('officehome', 'OfficeHomeDataset_10072016', ['Art', 'Clipart', 'Product', 'Real World']),
    ('officehome', 'office_home', ['Art', 'Clipart', 'Product', 'Real']),
    ('officehome', 'a/office_home_dg', ['art', 'clipart', 'product', 'real_world']),
    ('officehome', 'OfficeHome', ['Art', 'Clipart', 'Product', 'RealWorld']),
]


def write_domains(folder: Path, name: str, spellings: list[str]) -> None:
    for number, spelling in enumerate(spellings, 1):
        for class_name in CLASSES[name]:
            images = {f'{class_name}/{index}.jpg': miniature.jpeg(index) for index in range(number)}
            miniature.write_files(folder / spelling, images)


def images_of(domain: Path) -> Mapping[str, bytes]:
    return miniature.contents(domain)


@pytest.mark.parametrize(
    ('name', 'total', 'classes'), [('pacs', 9991, 7), ('vlcs', 10729, 5), ('officehome', 15588, 65)]
)
def test_published_counts(name: str, total: int, classes: int) -> None:
    """Core-tuning, table 3."""
    wanted = DOMAIN_SETS[name]
    assert sum(domain.images for domain in wanted.domains.values()) == total
    assert wanted.classes == classes and len(wanted.domains) == 4


@pytest.mark.parametrize(('name', 'place', 'spellings'), DISTRIBUTIONS)
def test_usual_spellings_are_recognised_and_linked(
    name: str, place: str, spellings: list[str], tmp_path: Path, console: Console
) -> None:
    users, out = tmp_path / 'users', tmp_path / 'data'
    write_domains(users / place, name, spellings)
    before = miniature.stamps(users)
    for _ in range(2):
        prepare_domains(name, users, out, console, MINI)
        assert miniature.stamps(users) == before
        assert sorted(path.name for path in out.iterdir()) == sorted(MINI[name].domains)
        for domain, spelling in zip(MINI[name].domains, spellings, strict=True):
            assert images_of(out / domain) == images_of(users / place / spelling)
    assert console.file.getvalue().count(' complete ') == 10


def test_canonical_folder_in_place(tmp_path: Path, console: Console) -> None:
    write_domains(tmp_path / 'PACS', 'pacs', ['art_painting', 'cartoon', 'photo', 'sketch'])
    before = miniature.stamps(tmp_path)
    prepare_domains('pacs', tmp_path / 'PACS', tmp_path / 'PACS', console, MINI)
    assert miniature.stamps(tmp_path) == before


def test_other_spelling_in_place(tmp_path: Path, console: Console) -> None:
    write_domains(tmp_path, 'officehome', ['Art', 'Clipart', 'Product', 'Real World'])
    for _ in range(2):
        prepare_domains('officehome', tmp_path, tmp_path, console, MINI)
    assert (tmp_path / 'RealWorld').resolve() == tmp_path / 'Real World'


def test_neighbouring_data_set_is_not_mixed_in(tmp_path: Path) -> None:
    """Office-Home has an Art, DomainNet a sketch; neither is the one of PACS."""
    write_domains(tmp_path / 'office_home', 'officehome', ['Art', 'Clipart', 'Product', 'Real World'])
    (tmp_path / 'domain_net/sketch').mkdir(parents=True)
    write_domains(tmp_path / 'PACS', 'pacs', ['art_painting', 'cartoon', 'photo', 'sketch'])
    found = locate_domains(tmp_path, MINI['pacs'].domains)
    assert found == {name: tmp_path / 'PACS' / name for name in MINI['pacs'].domains}


def test_incomplete_data_set_is_not_linked(tmp_path: Path, console: Console) -> None:
    write_domains(tmp_path / 'office_home', 'officehome', ['Art', 'Clipart', 'Product'])
    with pytest.raises(ConfigError, match='office_home lacks a folder for RealWorld'):
        prepare_domains('officehome', tmp_path, tmp_path / 'data', console, MINI)
    with pytest.raises(ConfigError, match='lack a folder for Caltech101, LabelMe, SUN09, VOC2007'):
        prepare_domains('vlcs', tmp_path, tmp_path / 'data', console, MINI)
    with pytest.raises(ConfigError, match=r'no folder .*nowhere; unpack the download'):
        prepare_domains('vlcs', tmp_path / 'nowhere', tmp_path / 'data', console, MINI)
    assert not (tmp_path / 'data').exists()


def test_two_folders_for_one_domain(tmp_path: Path, console: Console) -> None:
    write_domains(tmp_path, 'officehome', ['Art', 'Clipart', 'Product', 'Real World', 'RealWorld'])
    with pytest.raises(ConfigError, match=r'Real World and .*RealWorld both look like the domain RealWorld'):
        prepare_domains('officehome', tmp_path, tmp_path / 'data', console, MINI)


def test_two_copies_of_the_data_set(tmp_path: Path, console: Console) -> None:
    for copy in ('old', 'new'):
        write_domains(tmp_path / copy, 'pacs', ['art_painting', 'cartoon', 'photo', 'sketch'])
    with pytest.raises(ConfigError, match=r'may be those in .*new, .*old; give one of these'):
        prepare_domains('pacs', tmp_path, tmp_path / 'data', console, MINI)
    prepare_domains('pacs', tmp_path / 'old', tmp_path / 'data', console, MINI)
    with pytest.raises(ConfigError, match=r'art_painting already is .*old.*; remove it to use .*new'):
        prepare_domains('pacs', tmp_path / 'new', tmp_path / 'data', console, MINI)


def test_counts_and_empty_images_are_named(tmp_path: Path, console: Console) -> None:
    write_domains(tmp_path, 'pacs', ['art_painting', 'cartoon', 'photo', 'sketch'])
    (tmp_path / 'sketch/dog/0.jpg').unlink()
    (tmp_path / 'photo/horse/1.jpg').write_bytes(b'')
    # Neither is an image.
    miniature.write_files(tmp_path / 'cartoon/dog', {'Thumbs.db': b'x', '.0.jpg': b'x'})
    with pytest.raises(ConfigError, match='3 of 5 missing or incomplete: photo, sketch, all domains'):
        prepare_domains('pacs', None, tmp_path, console, MINI)
    text = console.file.getvalue()
    assert f'sketch: 7 images found in {tmp_path}/sketch, 8 expected' in text
    assert 'photo: 1 files are empty: horse/1.jpg' in text
    assert 'all domains: 18 found, 20 expected' in text


def test_classes_must_agree_between_domains(tmp_path: Path, console: Console) -> None:
    """Labels are the classes in alphabetical order: another spelling would shift them."""
    write_domains(tmp_path, 'pacs', ['art_painting', 'cartoon', 'photo', 'sketch'])
    (tmp_path / 'photo/dog').rename(tmp_path / 'photo/zdog')
    with pytest.raises(ConfigError, match='missing or incomplete'):
        prepare_domains('pacs', None, tmp_path, console, MINI)
    assert 'photo: lacks the class folders dog that other domains have' in console.file.getvalue()


def test_split_folders_in_place_of_classes(tmp_path: Path, console: Console) -> None:
    """A distribution of VLCS has <domain>/{crossval,full,test,train}/<class number>."""
    for domain in MINI['vlcs'].domains:
        files = {f'{split}/{c}/0.jpg': b'x' for split in ('crossval', 'full', 'test', 'train') for c in range(2)}
        miniature.write_files(tmp_path / domain, files)
    with pytest.raises(ConfigError, match='missing or incomplete'):
        prepare_domains('vlcs', None, tmp_path, console, MINI)
    assert 'SUN09: 4 class folders (crossval, full, test, train), 2 expected' in console.file.getvalue()


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.chdir(tmp_path)
    write_domains(tmp_path / 'users', 'officehome', ['Art', 'Clipart', 'Product', 'Real World'])
    assert call_tool(monkeypatch, 'datasets/prepare_domains', 'officehome', 'users') == 2
    output = capfd.readouterr()
    assert output.err.startswith('error: 5 of 5 missing or incomplete: Art, Clipart, Product, RealWorld, all domains')
    assert len(output.err.splitlines()) == 1
    assert '8 images found in data/OfficeHome/RealWorld, 4,357 expected' in output.out
    assert 'https://www.hemanthdv.org/officeHomeDataset.html' in output.out
    assert (tmp_path / 'data/OfficeHome/RealWorld').resolve() == tmp_path / 'users/Real World'


def test_command_line_knows_three_data_sets(monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    assert call_tool(monkeypatch, 'datasets/prepare_domains', 'office', 'users') == 2
    # Without quotes from Python 3.13 on.
    assert 'pacs, vlcs, officehome)' in capfd.readouterr().err.replace("'", '')
