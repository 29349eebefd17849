"""All measures by name: what they need, that the order of rows does not count, and degenerate inputs."""

import math

import numpy as np
import pytest

from cft.errors import ConfigError, DataError
from cft.evaluation import MEASURES, EpisodeProtocol, checked_measures, measure
from cft.evaluation.feature_rows import checked_features

NAMES = {
    'accuracy/top1',
    'knn/k20',
    'linear_probe/top1',
    'linear_svm/top1',
    's_dbw/halkidi',
    's_dbw/tong',
    'isotropy',
    'alignment',
    'uniformity',
    'similarity/positive',
    'similarity/negative',
    'scatter_ratio',
    'retrieval/map_at_r',
    'retrieval/r_precision',
    'retrieval/recall_at_1',
    'ood/auroc',
    'calibration/ece',
    'calibration/nll',
    'calibration/brier',
}
EMBEDDING_ALONE = [name for name, found in MEASURES.items() if not found.needs]


def rows(count: int, seed: int, classes: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels and probabilities."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    features = rng.standard_normal((count, 6)) + 1.5 * np.random.default_rng(9).standard_normal((classes, 6))[labels]
    scores = np.exp(2 * rng.standard_normal((count, classes)) + 2 * np.eye(classes)[labels])
    return features.astype(np.float32), labels, scores / scores.sum(axis=1, keepdims=True)


@pytest.fixture(scope='module')
def material() -> dict:
    features, labels, probabilities = rows(90, seed=0)
    train = rows(220, seed=1)[:2]
    outside, _, outside_probabilities = rows(40, seed=2, classes=2)
    outside_probabilities = np.concatenate([outside_probabilities, 0 * outside_probabilities], axis=1)
    return dict(
        features=features,
        labels=labels,
        probabilities=probabilities,
        train=train,
        outside=outside - 2,
        outside_probabilities=outside_probabilities,
        episodes=EpisodeProtocol(ways=3, queries=5, tasks=20, runs=1),
    )


def test_names_that_runs_record_are_there() -> None:
    assert set(MEASURES) >= NAMES


def test_order_of_rows_does_not_count(material: dict) -> None:
    """So a run on two processes, whose features come together in another order, measures the same.

    Few-shot tasks alone name images by their number.
    """
    everything = measure(list(MEASURES), **material)
    assert list(everything) == list(MEASURES)
    names = [name for name in MEASURES if not name.startswith('few_shot/')]
    found = measure(names, **material)
    assert all(math.isfinite(value) for value in everything.values())
    for seed in range(2):
        rng = np.random.default_rng(seed)
        own, train, outside = (rng.permutation(count) for count in (90, 220, 40))
        shuffled = {name: material[name][own] for name in ('features', 'labels', 'probabilities')}
        shuffled['train'] = tuple(part[train] for part in material['train'])
        shuffled |= {name: material[name][outside] for name in ('outside', 'outside_probabilities')}
        assert measure(names, **shuffled) == pytest.approx(found, rel=1e-9)


def test_input_stays_and_type_of_features_does_not_count(material: dict) -> None:
    before = {name: np.copy(value) for name, value in material.items() if name not in ('train', 'episodes')}
    double = {**material, 'features': material['features'].astype(np.float64)}
    double['train'] = material['train'][0].astype(np.float64), material['train'][1]
    names = [name for name in MEASURES if not name.startswith(('knn/', 'scatter'))]
    assert measure(names, **double) == pytest.approx(measure(names, **material), rel=1e-9)
    for name, value in before.items():
        assert (material[name] == value).all()


def test_memory_maps_are_features(material: dict, tmp_path) -> None:
    np.save(tmp_path / 'features.npy', material['features'])
    mapped = {**material, 'features': np.load(tmp_path / 'features.npy', mmap_mode='r')}
    assert measure(EMBEDDING_ALONE, **mapped) == measure(EMBEDDING_ALONE, **material)


@pytest.mark.parametrize('name', [name for name, found in MEASURES.items() if found.needs])
def test_what_is_needed_is_named(name: str, material: dict) -> None:
    """Before another measure has cost time."""
    for need in MEASURES[name].needs:
        with pytest.raises(ConfigError, match=f'{name} needs {need}, and there is none'):
            measure(['s_dbw/tong', name], **{**material, need: None})


@pytest.mark.parametrize(
    ('name', 'hint'),
    [
        ('s_dwb/tong', 'did you mean s_dbw/tong'),
        ('retrieval/map@r', 'did you mean retrieval/map_at_r'),
        ('s_dbw', 'did you mean s_dbw/'),
        ('zzzz', 'there are accuracy/top1, knn/k20'),
    ],
)
def test_unknown_names(name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        checked_measures(['isotropy', name])


def test_a_name_twice_is_measured_once() -> None:
    assert checked_measures(['isotropy', 'alignment', 'isotropy']) == ('isotropy', 'alignment')


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_counted(value: float, material: dict) -> None:
    features = material['features'].copy()
    features[[3, 50], [0, 5]] = value
    with pytest.raises(DataError, match=r'^2 of 90 rows of features are not finite'):
        measure(['alignment'], features, material['labels'])
    train, labels = material['train']
    broken = {**material, 'train': (np.where(np.arange(220)[:, None] < 3, value, train), labels)}
    for name in ('knn/k20', 'linear_probe/top1', 'ood/auroc'):
        with pytest.raises(DataError, match=r'^3 of 220 rows'):
            measure([name], **broken)


@pytest.mark.parametrize(
    ('features', 'labels', 'message'),
    [
        (np.zeros((0, 3)), np.zeros(0, dtype=int), 'at least one image'),
        (np.zeros(3), np.zeros(3, dtype=int), 'at least one image'),
        (np.zeros((3, 2)), np.zeros(2, dtype=int), '3 rows of features'),
        (np.zeros((3, 2)), np.zeros((3, 2), dtype=int), '3 rows of features'),
        (np.zeros((3, 2)), np.zeros(3), 'integer labels, not float64'),
        (np.zeros((3, 2), dtype=complex), np.zeros(3, dtype=int), 'not complex128'),
    ],
)
def test_what_is_no_table_of_features(features: np.ndarray, labels: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked_features(features, labels)


ONE_CLASS = {'s_dbw/halkidi', 's_dbw/halkidi2001', 's_dbw/tong'}
ONE_EACH = ONE_CLASS | {'alignment'} | {name for name in MEASURES if name.startswith('retrieval/')}


@pytest.mark.parametrize('name', EMBEDDING_ALONE)
def test_degenerate_labels_give_a_number_or_say_why(name: str) -> None:
    """One class; one image per class; collapsed features; one image."""
    features = np.random.default_rng(0).standard_normal((12, 4))
    cases = {
        'one class': (features, np.zeros(12, dtype=int), name in ONE_CLASS),
        'one each': (features, np.arange(12), name in ONE_EACH),
        'collapsed': (np.ones((12, 4)), np.arange(12) % 3, False),
        'zeros': (np.zeros((12, 4)), np.arange(12) % 3, False),
        'one image': (features[:1], np.zeros(1, dtype=int), name in ONE_EACH | {'uniformity'}),
    }
    for case, (some, labels, fails) in cases.items():
        with np.errstate(all='raise'):
            if fails:
                with pytest.raises(DataError, match='needs'):
                    measure([name], some, labels)
            else:
                value = measure([name], some, labels)[name]
                undefined = name.startswith(('s_dbw', 'scatter')) or (name, case) in {
                    ('similarity/negative', 'one class'),
                    ('similarity/positive', 'one each'),
                    ('similarity/positive', 'one image'),
                    ('similarity/negative', 'one image'),
                }
                assert math.isfinite(value) or (math.isnan(value) and undefined), case


def test_too_few_neighbours_and_rows_of_probabilities(material: dict) -> None:
    few = tuple(part[:19] for part in material['train'])
    with pytest.raises(DataError, match='knn/k20 needs 20 training images; there are 19'):
        measure(['knn/k20'], **{**material, 'train': few})
    with pytest.raises(DataError, match='89 rows of probabilities beside 90'):
        measure(['accuracy/top1'], **{**material, 'probabilities': material['probabilities'][1:]})


def test_accuracy_and_out_of_distribution_by_hand() -> None:
    """Two of three right; both ways of telling the outside one apart are right in one of two comparisons."""
    found = measure(
        ['accuracy/top1', 'ood/auroc', 'ood/auroc_confidence'],
        np.array([[1.0, 0.0], [0.8, 0.6], [0.0, -1.0]]),
        np.array([0, 0, 1]),
        train=(np.array([[2.0, 0.0]]), np.array([0])),
        probabilities=np.array([[0.9, 0.1], [0.7, 0.3], [0.6, 0.4]]),
        outside=np.array([[0.6, 0.8]]),
        outside_probabilities=np.array([[0.7, 0.3]]),
    )
    assert found['accuracy/top1'] == pytest.approx(200 / 3)
    assert found['ood/auroc'] == pytest.approx(2 / 3)
    assert found['ood/auroc_confidence'] == pytest.approx(1.5 / 3)
