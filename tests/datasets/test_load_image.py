"""cft.LoadImage: the same pixels from a file and from an array, scaled from a stated range or refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from cft.datasets import ImageFolder
from cft.datasets.image_errors import guard_images
from cft.datasets.intensity import check_value_range, rescale_intensity
from cft.datasets.transforms import LoadImage
from cft.errors import ConfigError, DataError
from tests.support.pixel_files import GREY, png, tiff


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """By Python's own numbers, one value after the other; halves go to the even neighbour."""
    exact = [round(min(max((float(v) - low) * 255 / (high - low), 0), 255)) for v in values.ravel()]
    return np.array(exact).reshape(values.shape)


@pytest.mark.parametrize(('low', 'high'), [(0, 4095), (-1000, 400), (0.0, 1.0), (830, 1061), (0, 65535)])
@pytest.mark.parametrize('dtype', [np.uint16, np.int16, np.int32, np.float32, np.float64, np.int8])
def test_values_are_scaled_linearly(low: float, high: float, dtype: type) -> None:
    limits = (-1e3, 1e3) if np.dtype(dtype).kind == 'f' else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    inside = np.linspace(max(low, limits[0]), min(high, limits[1]), 300)
    values = np.concatenate([inside, np.array(limits)]).astype(dtype)
    found = rescale_intensity(values, (low, high))
    assert found.dtype == np.uint8
    # float32 may round a value that lies halfway between two to either.
    assert np.abs(found.astype(int) - scaled(values, low, high)).max() <= (1 if values.itemsize <= 2 else 0)


def test_order_is_kept() -> None:
    """Of signed values, which the high byte would turn around."""
    values = np.arange(-1000, 1000, dtype=np.int16)
    assert (np.diff(rescale_intensity(values, (-1000, 999)).astype(int)) >= 0).all()


def test_eight_bits_stay_as_they_are() -> None:
    values = np.arange(256, dtype=np.uint8)
    assert rescale_intensity(values, (0, 4095)) is values


@pytest.mark.parametrize(
    'wrong', [[0], (0, 0), (5, 1), 'auto', 4095, (0, float('inf')), (0, 'b'), (0, 1, 2), [None, 3]]
)
def test_wrong_ranges(wrong: object) -> None:
    with pytest.raises(ConfigError, match='value_range must be two numbers'):
        check_value_range(wrong)


def test_an_unmeasured_range_is_named() -> None:
    with pytest.raises(ConfigError, match="value_range='dataset' is measured"):
        LoadImage(value_range='dataset')


def deep_file(path: Path, values: np.ndarray) -> dict:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tiff(values) if values.dtype.kind != 'u' else png(values, GREY))
    return {'img_path': str(path)}


@pytest.mark.parametrize('dtype', [np.uint16, np.int16, np.float32])
def test_file_and_array_give_the_same(dtype: type, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 4096, (5, 7)).astype(dtype)
    load = LoadImage(value_range=[0, 4095])
    from_file = load(deep_file(tmp_path / 'image', values))
    from_array = load({'img': np.repeat(values[..., None], 3, axis=2)})
    assert np.array_equal(from_file['img'], from_array['img'])
    assert np.array_equal(from_file['img'][..., 0], scaled(values, 0, 4095))
    assert from_file['img_shape'] == from_file['ori_shape'] == from_array['ori_shape'] == (5, 7)


@pytest.mark.parametrize(
    ('dtype', 'kind'), [(np.uint16, 'unsigned pixels of 16'), (np.int16, 'signed'), (np.float32, 'float')]
)
def test_without_a_range_the_file_and_the_setting_are_named(dtype: type, kind: str, tmp_path: Path) -> None:
    sample = deep_file(tmp_path / 'image', np.array([[7, 4000]]).astype(dtype))
    with pytest.raises(DataError, match='value_range=0,4095.*value_range=dataset') as error:
        LoadImage()(sample)
    assert str(error.value).startswith(sample['img_path']) and kind in str(error.value)
    assert '7' in str(error.value) and '4000' in str(error.value)
    with pytest.raises(DataError, match='an image given as an array has'):
        LoadImage()({'img': np.zeros((2, 2, 3), dtype)})


def test_what_lies_outside_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    load = LoadImage(value_range=(0, 1000))
    inside = deep_file(tmp_path / 'inside', np.array([[0, 1000]], np.uint16))
    outside = deep_file(tmp_path / 'outside', np.array([[0, 500, 1000, 4000]], np.uint16))
    load(dict(inside))
    assert 'outside of' not in ''.join(capsys.readouterr())
    for _ in range(3):
        assert load(dict(outside))['img'][0, -1, 0] == 255
    text = ''.join(capsys.readouterr())
    assert text.count('25.0% of the values') == 1 and str(outside['img_path']) in text and '0,1000' in text


def folder(root: Path, values: np.ndarray) -> Path:
    for name in 'ab':
        for index in range(3):
            deep_file(root / name / f'{index}.png', values + index)
    return root


def test_no_image_is_skipped_for_want_of_a_range(tmp_path: Path) -> None:
    """They can be read; another in their place would hide a setting that is missing."""
    dataset = ImageFolder(
        str(folder(tmp_path, np.full((4, 4), 300, np.uint16))),
        serialize_data=False,
        pipeline=[dict(type='cft.LoadImage')],
    )
    guard_images(dataset, max_skipped=100)
    with pytest.raises(DataError, match='value_range'):
        dataset[0]


@pytest.mark.parametrize('options', [{}, {'color_type': 'grayscale'}, {'imdecode_backend': 'pillow'}])
def test_mmcvs_reader_is_kept_from_cutting_bits(options: dict, tmp_path: Path) -> None:
    root = folder(tmp_path, np.full((4, 4), 300, np.uint16))
    dataset = ImageFolder(str(root), serialize_data=False, pipeline=[dict(type='LoadImageFromFile', **options)])
    guard_images(dataset)
    with pytest.raises(DataError, match=r"begin the pipelines with dict\(type='cft.LoadImage', value_range="):
        dataset[0]


def test_mmcvs_reader_unchanged_is_what_its_user_asked_for(tmp_path: Path) -> None:
    root = folder(tmp_path, np.full((4, 4), 300, np.uint16))
    dataset = ImageFolder(
        str(root), serialize_data=False, pipeline=[dict(type='LoadImageFromFile', color_type='unchanged')]
    )
    guard_images(dataset)
    assert dataset[0]['img'].dtype == np.uint16


def test_an_unreadable_file_among_deep_ones_is_replaced(tmp_path: Path) -> None:
    root = folder(tmp_path, np.full((4, 4), 300, np.uint16))
    dataset = ImageFolder(str(root), serialize_data=False, pipeline=[dict(type='cft.LoadImage', value_range=(0, 600))])
    files = [dataset.get_data_info(index)['img_path'] for index in range(len(dataset))]
    values = [cv2.imread(file, cv2.IMREAD_UNCHANGED)[0, 0] for file in files]
    Path(files[0]).write_bytes(b'')
    [substitutes] = guard_images(dataset, max_skipped=1)
    assert dataset[0]['img'][0, 0, 0] == round(float(values[1]) * 255 / 600)
    assert substitutes.files() == files[:1]
