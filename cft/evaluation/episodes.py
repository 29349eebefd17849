"""Few-shot tasks: which images of which classes a classifier is given, and which it is asked about."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cft.errors import ConfigError, DataError
from cft.files import write_atomically

from .feature_rows import rows_by_class


@dataclass(frozen=True)
class Episodes:
    """T tasks of N classes with K labelled images and Q questions of each.

    Attributes:
        classes: (T, N) labels of the data set.
        support: (T, N, K) rows of the labelled images, a class each line.
        query: (T, N, Q) rows of the images that are asked about.

    Example:
        >>> Episodes(np.array([[3, 7]]), np.array([[[0], [1]]]), np.array([[[2], [4]]])).shape
        (1, 2, 1, 1)
    """

    classes: np.ndarray
    support: np.ndarray
    query: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """T, N, K and Q."""
        tasks, ways, shots = self.support.shape
        return tasks, ways, shots, self.query.shape[2]

    def write(self, path: Path, names: Sequence[str] = ()) -> None:
        """Write the tasks into an ``.npz`` file that NumPy reads without pickling.

        Args:
            path: The file.
            names: Of the images, by row; another tool finds them so.

        Example:
            >>> draw_episodes(labels).write(Path('episodes.npz'), paths)  # doctest: +SKIP
            >>> sorted(np.load('episodes.npz'))  # doctest: +SKIP
            ['classes', 'paths', 'query', 'support']
        """
        content = io.BytesIO()
        paths = np.array(list(names), dtype=np.str_)
        np.savez_compressed(content, classes=self.classes, support=self.support, query=self.query, paths=paths)
        write_atomically(path, content.getvalue())

    @classmethod
    def read(cls, path: Path) -> 'Episodes':
        """Read what :meth:`write` has written.

        Raises:
            DataError: If the file is none of tasks.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                found = cls(file['classes'], file['support'], file['query'])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f'{path} holds no few-shot tasks ({error}); write them again') from error
        shapes = (found.classes.shape, found.support.shape[:2], found.query.shape[:2])
        if found.support.ndim != 3 or found.query.ndim != 3 or len(set(shapes)) > 1:
            raise DataError(f'{path}: tasks of shapes {shapes} do not belong together; write them again')
        return found


def draw_episodes(
    labels: np.ndarray, ways: int = 5, shots: int = 1, queries: int = 15, tasks: int = 3000, seed: int = 0
) -> Episodes:
    """Draw tasks: N classes, then K + Q different images of each, all alike likely.

    A task depends on the labels, the seed and its own number alone. Its
    classes and questions are the same for every K, and the labelled images of
    a smaller K are among those of a larger one; so shots and models meet the
    same tasks and can be compared in pairs.

    Args:
        labels: (M,) integers of the images.
        ways: N, at least 2.
        shots: K, at least 1.
        queries: Q of each class, at least 1.
        tasks: T, at least 1.
        seed: Of the draw.

    Raises:
        ConfigError: If a number is too small.
        DataError: If there are fewer classes, or a class has fewer images.

    Example:
        >>> episodes = draw_episodes(np.repeat(np.arange(6), 20), shots=5, tasks=2)
        >>> episodes.support.shape, episodes.query.shape
        ((2, 5, 5), (2, 5, 15))
    """
    least = {'ways': (ways, 2), 'shots': (shots, 1), 'queries': (queries, 1), 'tasks': (tasks, 1), 'seed': (seed, 0)}
    for name, (number, smallest) in least.items():
        if number < smallest:
            raise ConfigError(f'few-shot tasks: {name} must be at least {smallest}, got {number}')
    classes, members = rows_by_class(np.asarray(labels))
    if len(classes) < ways:
        raise DataError(f'tasks of {ways} classes need as many; there are {len(classes)}')
    fewest = min(range(len(classes)), key=lambda number: len(members[number]))
    if len(members[fewest]) < shots + queries:
        raise DataError(
            f'tasks of {shots} labelled images and {queries} questions of a class need {shots + queries}; '
            f'class {classes[fewest]} has {len(members[fewest])}'
        )
    chosen = np.empty((tasks, ways), dtype=np.int64)
    rows = np.empty((tasks, ways, queries + shots), dtype=np.int64)
    for task in range(tasks):
        generator = np.random.default_rng([seed, task])
        chosen[task] = generator.permutation(len(classes))[:ways]
        for place, number in enumerate(chosen[task]):
            rows[task, place] = generator.permutation(members[number])[: queries + shots]
    return Episodes(classes[chosen], rows[:, :, queries:], rows[:, :, :queries])
