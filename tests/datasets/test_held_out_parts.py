"""Three splits of data that come without: disjoint, complete, moved one by one, and whole groups."""

from pathlib import Path

import pytest

from cft.datasets.held_out_parts import Division, part_of_training, source_of
from cft.datasets.sample_infos import image_files
from cft.errors import ConfigError
from cft.registry import DATASETS
from tests.datasets.image_files import write
from tests.support.divided_data import MAKERS, Divided

SPLITS = ('train', 'val', 'test')


@pytest.fixture(scope='module', params=sorted(MAKERS))
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Divided:
    return MAKERS[request.param](tmp_path_factory.mktemp('data') / 'data', 10)


def files(data: Divided, split: str, **options: object) -> set[str]:
    metainfo = {'metainfo': {'classes': ['a', 'b']}} if data.kind == 'cft.SegmentationFolder' else {}
    dataset = DATASETS.build(
        dict(type=data.kind, data_root=str(data.root), split=split, pipeline=[], **metainfo, **options)
    )
    found = image_files(dataset)
    assert len(set(found)) == len(found)
    return {str(Path(path).relative_to(data.folder)) for path in found}


def everything(data: Divided) -> set[str]:
    images = data.folder / 'images'
    return {str(path.relative_to(data.folder)) for path in (images if images.is_dir() else data.folder).rglob('*.png')}


def test_three_parts_are_disjoint_and_complete(data: Divided) -> None:
    train, val, test = (files(data, split, test_fraction=0.2, val_fraction=0.25) for split in SPLITS)
    assert not train & val and not train & test and not val & test
    assert train | val | test == everything(data)
    # A quarter of what the test leaves.
    assert (len(train), len(val), len(test)) == (12, 4, 4)


def test_each_part_has_its_own_seed(data: Divided) -> None:
    """What validates moves with ``seed``, what tests with ``test_seed`` alone."""
    first = [files(data, split, test_fraction=0.2) for split in SPLITS]
    other = [files(data, split, test_fraction=0.2, seed=1) for split in SPLITS]
    moved = [files(data, split, test_fraction=0.2, test_seed=1) for split in SPLITS]
    assert first[2] == other[2] and first[1] != other[1]
    assert first[2] != moved[2]
    for train, val, test in (first, other, moved):
        assert not val & test and train | val | test == everything(data)


def test_without_a_test_fraction_nothing_changes(data: Divided, capsys: pytest.CaptureFixture) -> None:
    """Training and validation are the whole, and what is reported as test is the validation, with the remedy."""
    train, val, test = (files(data, split) for split in SPLITS)
    assert train | val == everything(data) and not train & val and test == val
    assert 'validation split; test_fraction=0.2 holds a test part out' in ''.join(capsys.readouterr())


def test_no_validation_part(data: Divided) -> None:
    """All images that the test leaves are trained on, and nothing passes for a validation split."""
    train, test = (files(data, split, val_fraction=0.0, test_fraction=0.2) for split in ('train', 'test'))
    assert not train & test and train | test == everything(data)
    assert files(data, 'train', val_fraction=0.0) == everything(data)
    with pytest.raises(ConfigError, match=r'val_fraction=0.0 holds no validation images .* validation images are'):
        files(data, 'val', val_fraction=0.0)
    with pytest.raises(ConfigError, match='but test images are asked for; give a val_fraction'):
        files(data, 'test', val_fraction=0.0)


@pytest.mark.parametrize('name', ['test_fraction', 'val_fraction'])
@pytest.mark.parametrize('fraction', [-0.1, 1.0, 1.5])
def test_impossible_fractions(data: Divided, fraction: float, name: str) -> None:
    with pytest.raises(ConfigError, match=name + r' must lie in \[0, 1\)'):
        files(data, 'train', **{name: fraction})


def test_own_splits_stay(tmp_path: Path) -> None:
    """A fraction is for data without a test split; what lies in its folder is the test."""
    write(tmp_path / 'train', *(f'{label}/{number}.png' for label in 'ab' for number in range(10)))
    write(tmp_path / 'test', 'a/x.png', 'b/y.png')
    data = Divided('cft.ImageFolder', tmp_path, tmp_path)
    assert files(data, 'test', test_fraction=0.3) == {'test/a/x.png', 'test/b/y.png'}
    assert files(data, 'train', test_fraction=0.3) == files(data, 'train')
    write(tmp_path / 'val', 'a/v.png', 'b/w.png')
    (tmp_path / 'test').rename(tmp_path / 'unused')
    train, test = (files(data, split, test_fraction=0.3) for split in ('train', 'test'))
    assert (
        len(test) == 6 and not train & test and files(data, 'val', test_fraction=0.3) == {'val/a/v.png', 'val/b/w.png'}
    )


@pytest.mark.parametrize('kind', ['cft.ImageFolder', 'cft.SegmentationFolder'])
def test_groups_are_in_one_of_three(kind: str, tmp_path: Path) -> None:
    """Also the groups that the test leaves are not divided, when it leaves few of them."""
    options: dict = {}
    if kind == 'cft.ImageFolder':
        write(tmp_path, *(f'{label}/p{g}/{i}.png' for label in 'ab' for g in range(4) for i in range(3)))
        options = {'group_by': 'folder'}
    else:
        from tests.support.mask_folders import write_pairs

        write_pairs(tmp_path, *((f'images/p{g}/{i}.png', f'masks/p{g}/{i}.png') for g in range(4) for i in range(3)))
    data = Divided(kind, tmp_path, tmp_path)
    parts = [files(data, split, test_fraction=0.4, val_fraction=0.4, **options) for split in SPLITS]
    groups = [{part for name in names for part in Path(name).parts if part.startswith('p')} for names in parts]
    assert all(groups) and sum(map(len, groups)) == 4 == len(set.union(*groups))


def test_parts_against_a_plain_loop() -> None:
    """Held out from the front: the test first, then the validation of the rest."""

    def from_the_front(left: list[int], part: object) -> set[int]:
        return set(left[: round(part.fraction * len(left))])

    division = Division(val_fraction=0.5, test_fraction=0.2)
    for own, expected in (
        ([], {'test': [0, 1], 'val': [2, 3, 4, 5], 'train': [6, 7, 8, 9]}),
        (['val'], {'test': [0, 1], 'train': list(range(2, 10))}),
        (['test'], {'val': [0, 1, 2, 3, 4], 'train': [5, 6, 7, 8, 9]}),
        (['val', 'test'], {'train': list(range(10))}),
    ):
        for split in SPLITS:
            source = source_of(split, own, division, 'x has no test')
            assert source.own == (split in own)
            if not source.own:
                assert part_of_training(source, 10, from_the_front) == expected[split]
