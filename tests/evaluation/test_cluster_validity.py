"""s_dbw against the package s-dbw, in cases known by hand, and where it is undefined."""

import math

import numpy as np
import pytest
from s_dbw import S_Dbw
from sklearn.datasets import load_digits

from cft.errors import ConfigError, DataError
from cft.evaluation import cluster_validity, s_dbw

METHODS = {'halkidi': 'Halkidi', 'tong': 'Tong'}


def package(features: np.ndarray, labels: np.ndarray, variant: str, center: str) -> float:
    """NaN where it raises for want of density; rows in lexical order, by which we break ties of the nearest row."""
    order = np.lexsort(features.T[::-1])
    try:
        return S_Dbw(features[order], labels[order], method=METHODS[variant], nearest_centr=center == 'nearest')
    except ValueError as error:
        assert 'density for two or more clusters' in str(error)
        return math.nan


def clouds(
    seed: int, apart: float, dimensions: int, sizes: tuple[int, ...] = (40, 5, 17, 3, 30)
) -> tuple[np.ndarray, np.ndarray]:
    """Five classes of very different sizes, with labels that are not consecutive."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([3, 4, 9, 11, 20], sizes)
    centres = apart * rng.standard_normal((21, dimensions))
    return (rng.standard_normal((len(labels), dimensions)) + centres[labels]) * rng.uniform(0.5, 2), labels


@pytest.mark.parametrize('center', ['nearest', 'mean'])
@pytest.mark.parametrize('variant', METHODS)
@pytest.mark.parametrize('apart', [0.0, 1.0, 4.0])
def test_equals_the_package_on_random_classes(apart: float, variant: str, center: str) -> None:
    """From classes on top of each other, with density everywhere, to separate ones, with none."""
    defined = 0
    for seed in range(8):
        features, labels = clouds(seed, apart, dimensions=1 + seed % 4)
        expected = package(features, labels, variant, center)
        assert s_dbw(features, labels, variant, center) == pytest.approx(expected, rel=1e-10, nan_ok=True)
        defined += math.isfinite(expected)
    assert defined >= (8 if center == 'nearest' else 2)


@pytest.mark.parametrize('variant', METHODS)
def test_equals_the_package_with_classes_of_two(variant: str) -> None:
    """Both images are equally near to the mean; whole numbers, so that the package sees that too."""
    rng = np.random.default_rng(0)
    for _ in range(5):
        features, labels = rng.integers(-3, 4, (12, 2)).astype(float), np.repeat([0, 1, 2, 3], [2, 2, 2, 6])
        expected = package(features, labels, variant, 'nearest')
        assert s_dbw(features, labels, variant) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize('variant', METHODS)
@pytest.mark.parametrize('images', [200, 1797])
def test_equals_the_package_on_digits(images: int, variant: str) -> None:
    """Whole numbers in 64 dimensions, some of them always 0."""
    features, labels = load_digits(return_X_y=True)
    features, labels = features[:images], labels[:images]
    expected = package(features, labels, variant, 'nearest')
    assert s_dbw(features, labels, variant) == pytest.approx(expected, rel=1e-10)
    assert 0.4 < expected < 1
    assert math.isnan(s_dbw(features, labels, variant, center='mean'))
    assert math.isnan(package(features, labels, variant, 'mean'))


@pytest.mark.parametrize('variant', METHODS)
def test_equals_the_package_with_classes_of_one_image(variant: str) -> None:
    features = np.random.default_rng(3).standard_normal((9, 3))
    labels = np.array([0, 0, 0, 0, 1, 2, 2, 2, 3])
    for center in ('nearest', 'mean'):
        expected = package(features, labels, variant, center)
        assert s_dbw(features, labels, variant, center) == pytest.approx(expected, rel=1e-12, nan_ok=True)
    assert math.isfinite(s_dbw(features, labels, variant))


def printed(features: np.ndarray, labels: np.ndarray) -> float:
    """Halkidi and Vazirgiannis 2001, equations 1 to 4, by loops; centres are means."""
    classes = sorted(set(labels.tolist()))
    parts = {c: [row for row, label in zip(features.tolist(), labels, strict=True) if label == c] for c in classes}

    def mean(rows: list[list[float]]) -> list[float]:
        return [sum(column) / len(rows) for column in zip(*rows, strict=True)]

    def variance_norm(rows: list[list[float]]) -> float:
        centre = mean(rows)
        variances = [sum((row[d] - centre[d]) ** 2 for row in rows) / len(rows) for d in range(len(centre))]
        return math.sqrt(sum(v * v for v in variances))

    norms = [variance_norm(parts[c]) for c in classes]
    scatter = sum(norms) / len(classes) / variance_norm(features.tolist())
    radius = math.sqrt(sum(norms)) / len(classes)

    def density(at: list[float], rows: list[list[float]]) -> int:
        return sum(math.dist(row, at) <= radius for row in rows)

    total = 0.0
    for i in classes:
        for j in classes:
            if i != j:
                a, b = mean(parts[i]), mean(parts[j])
                middle = [(x + y) / 2 for x, y in zip(a, b, strict=True)]
                total += density(middle, parts[i] + parts[j]) / max(density(a, parts[i]), density(b, parts[j]))
    return scatter + total / (len(classes) * (len(classes) - 1))


@pytest.mark.parametrize('seed', range(4))
def test_printed_variant_equals_loops_and_has_no_unit(seed: int) -> None:
    """Unlike the package's, whose radius is the root of a length."""
    features, labels = clouds(seed, apart=0.7, dimensions=2, sizes=(40, 25, 17, 20, 30))
    expected = printed(features, labels)
    assert s_dbw(features, labels, 'halkidi2001', 'mean') == pytest.approx(expected, rel=1e-10)
    assert s_dbw(100 * features, labels, 'halkidi2001', 'mean') == pytest.approx(expected, rel=1e-10)
    assert s_dbw(features / 100, labels, 'halkidi') > 1.05 * s_dbw(features, labels, 'halkidi')


@pytest.mark.parametrize('variant', cluster_validity.VARIANTS)
def test_blocks_and_order_of_rows_do_not_count(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With classes of two, whose rows are equally near to the mean, and with rows that occur twice."""
    features, labels = clouds(1, apart=0.3, dimensions=2, sizes=(40, 2, 17, 2, 30))
    features, labels = np.concatenate([features, features[:9]]), np.concatenate([labels, labels[:9]])
    whole = s_dbw(features, labels, variant)
    monkeypatch.setattr(cluster_validity, 'BLOCK', 40)
    assert s_dbw(features, labels, variant) == whole
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(labels))
        assert s_dbw(features[order], labels[order], variant) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize('variant', cluster_validity.VARIANTS)
def test_constant_dimensions_far_from_zero_add_nothing(variant: str) -> None:
    """A unit that always says 0.1 is neither spread nor outside of any region, however 0.1 is rounded."""
    features, labels = clouds(2, apart=0.3, dimensions=2)
    wider = np.concatenate([features, np.full((len(labels), 3), 0.1)], axis=1)
    assert s_dbw(wider, labels, variant) == pytest.approx(s_dbw(features, labels, variant), rel=1e-12)


@pytest.mark.parametrize('variant', cluster_validity.VARIANTS)
def test_collapsed_features_have_none(variant: str) -> None:
    row = np.random.default_rng(0).standard_normal(64)
    assert math.isnan(s_dbw(np.tile(row, (7, 1)), np.arange(7) % 2, variant))


@pytest.mark.parametrize('variant', cluster_validity.VARIANTS)
def test_points_are_zero(variant: str) -> None:
    """Each class in one point, and nothing between."""
    features = np.repeat([[0.1, 0.7], [0.3, -0.9], [5.0, 0.2]], 7, axis=0)
    for center in ('nearest', 'mean'):
        assert s_dbw(features, np.repeat([0, 1, 2], 7), variant, center) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize('labels', [np.zeros(5, dtype=int), np.arange(5)])
def test_one_class_or_a_class_an_image_is_an_error(labels: np.ndarray) -> None:
    """As in the package."""
    features = np.random.default_rng(0).standard_normal((5, 2))
    with pytest.raises(ValueError, match='unique labels'):
        S_Dbw(features, labels)
    with pytest.raises(DataError, match=f'5 images are of {len(set(labels.tolist()))} classes'):
        s_dbw(features, labels)


def test_unknown_variant() -> None:
    with pytest.raises(ConfigError, match="'kim'.*halkidi, halkidi2001, tong"):
        s_dbw(np.eye(3), np.array([0, 0, 1]), variant='kim')  # type: ignore[arg-type]
