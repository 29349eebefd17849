"""Few-shot tasks: what a draw may hold, what it depends on, and the file."""

import numpy as np
import pytest

from cft.errors import ConfigError, DataError
from cft.evaluation.episodes import Episodes, draw_episodes

LABELS = np.random.default_rng(3).permutation(np.repeat([2, 4, 5, 8, 9, 11, 30], [20, 21, 22, 30, 20, 25, 40]))


@pytest.mark.parametrize(
    ('ways', 'shots', 'queries', 'seed'), [(2, 1, 1, 0), (5, 5, 15, 1), (7, 8, 12, 2), (3, 19, 1, 3)]
)
def test_tasks_hold_what_they_say(ways: int, shots: int, queries: int, seed: int) -> None:
    episodes = draw_episodes(LABELS, ways, shots, queries, tasks=6, seed=seed)
    assert episodes.shape == (6, ways, shots, queries)
    for task in range(6):
        assert len(set(episodes.classes[task])) == ways
        images = np.concatenate([episodes.support[task], episodes.query[task]], axis=1)
        assert (LABELS[images] == episodes.classes[task][:, None]).all()
        assert len(set(images.ravel())) == images.size


def test_shots_share_classes_questions_and_images() -> None:
    one, five = (draw_episodes(LABELS, shots=shots, tasks=20) for shots in (1, 5))
    assert (one.classes == five.classes).all() and (one.query == five.query).all()
    assert (one.support == five.support[:, :, :1]).all()


def test_a_task_is_of_its_number_and_seed() -> None:
    ten, twenty = (draw_episodes(LABELS, tasks=tasks, seed=4) for tasks in (10, 20))
    assert (ten.support == twenty.support[:10]).all()
    assert (draw_episodes(LABELS, tasks=10, seed=5).support != ten.support).any()


def test_classes_and_images_are_alike_likely() -> None:
    episodes = draw_episodes(np.repeat(np.arange(10), 20), ways=5, shots=1, queries=1, tasks=4000)
    counts = np.bincount(episodes.classes.ravel(), minlength=10)
    # Binomial with 4,000 tasks and 1/2: five standard deviations.
    assert abs(counts - 2000).max() < 5 * np.sqrt(4000 / 4)
    images = np.bincount(episodes.support.ravel(), minlength=200)
    assert abs(images - 100).max() < 5 * np.sqrt(100)


def test_the_file_is_read_without_pickling(tmp_path) -> None:
    episodes = draw_episodes(LABELS, tasks=4)
    episodes.write(tmp_path / 'tasks.npz', [f'{row}.jpg' for row in range(len(LABELS))])
    with np.load(tmp_path / 'tasks.npz', allow_pickle=False) as file:
        assert file['paths'][file['support'][0, 0, 0]] == f'{episodes.support[0, 0, 0]}.jpg'
    again = Episodes.read(tmp_path / 'tasks.npz')
    assert all((getattr(again, name) == getattr(episodes, name)).all() for name in ('classes', 'support', 'query'))
    (tmp_path / 'broken.npz').write_bytes((tmp_path / 'tasks.npz').read_bytes()[:100])
    with pytest.raises(DataError, match=r'broken\.npz holds no few-shot tasks'):
        Episodes.read(tmp_path / 'broken.npz')


@pytest.mark.parametrize(
    ('wrong', 'error', 'told'),
    [
        ({'ways': 8}, DataError, 'tasks of 8 classes need as many; there are 7'),
        ({'shots': 6}, DataError, 'need 21; class 2 has 20'),
        ({'ways': 1}, ConfigError, 'ways must be at least 2'),
        ({'shots': 0}, ConfigError, 'shots must be at least 1'),
        ({'tasks': 0}, ConfigError, 'tasks must be at least 1'),
        ({'seed': -1}, ConfigError, 'seed must be at least 0'),
    ],
)
def test_what_cannot_be_drawn(wrong: dict, error: type, told: str) -> None:
    with pytest.raises(error, match=told):
        draw_episodes(LABELS, **{'shots': 5, **wrong})
