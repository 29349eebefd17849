"""Few-shot accuracy of features: several draws of tasks, their mean, and the median one with its interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from cft.errors import ConfigError, DataError

from .differences import CONFIDENCE
from .episode_heads import HEADS
from .episodes import Episodes, draw_episodes
from .feature_rows import blocks, checked_features, unit_rows

# Tasks that are fitted together; more would take memory and no less time.
TOGETHER = 128


@dataclass(frozen=True)
class EpisodeProtocol:
    """How few-shot accuracy is measured; the numbers are those of SCHaNe.

    What a "run" is the paper does not say; here it is a draw of tasks for one
    model, beside which training again is another matter.

    Attributes:
        ways: Classes of a task.
        queries: Questions of each class.
        tasks: Of a run.
        runs: Draws of tasks.
        seed: Of the first run; the others have the next ones.

    Example:
        >>> EpisodeProtocol(tasks=600).runs
        3
    """

    ways: int = 5
    queries: int = 15
    tasks: int = 3000
    runs: int = 3
    seed: int = 0

    def episodes(self, labels: np.ndarray, shots: int) -> list[Episodes]:
        """The tasks of each run.

        Raises:
            ConfigError: If a number is too small.
            DataError: If there are too few classes or images.
        """
        if self.runs < 1:
            raise ConfigError(f'few-shot tasks: runs must be at least 1, got {self.runs}')
        seeds = range(self.seed, self.seed + self.runs)
        return [draw_episodes(labels, self.ways, shots, self.queries, self.tasks, seed) for seed in seeds]


@dataclass(frozen=True)
class FewShotAccuracy:
    """Accuracy of the runs, per cent.

    Attributes:
        runs: Mean accuracy over the tasks of each.
        intervals: Half the width of the 95 % interval of each such mean; nan of a single task.

    Example:
        >>> found = FewShotAccuracy((71.0, 73.0, 72.5), (0.5, 0.4, 0.6))
        >>> found.median, found.interval
        (72.5, 0.6)
    """

    runs: tuple[float, ...]
    intervals: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the runs."""
        return sum(self.runs) / len(self.runs)

    @property
    def median(self) -> float:
        """Of the median run, the lower one of two in the middle."""
        return self.runs[self._middle]

    @property
    def interval(self) -> float:
        """Of the median run."""
        return self.intervals[self._middle]

    @property
    def _middle(self) -> int:
        return sorted(range(len(self.runs)), key=lambda run: self.runs[run])[(len(self.runs) - 1) // 2]


def task_accuracies(features: np.ndarray, episodes: Episodes, head: str = 'logistic') -> np.ndarray:
    """Accuracy of each task, per cent.

    Features are l2-normalised first.

    Args:
        features: (M, D) of the images whose rows the tasks name.
        episodes: The tasks.
        head: ``'logistic'``, ``'nearest_mean'`` or ``'cosine'``, as :mod:`cft.evaluation.episode_heads` says.

    Returns:
        (T,) float64; pairs of the same tasks compare two models.

    Raises:
        ConfigError: If there is no such head.
        DataError: If a task names a row that is not there, or features are not finite.

    Example:
        >>> episodes = Episodes(np.array([[0, 1]]), np.array([[[0], [1]]]), np.array([[[2], [3]]]))
        >>> task_accuracies(np.array([[1., 0.], [0., 1.], [3., 1.], [2., 1.]]), episodes)
        array([50.])
    """
    if head not in HEADS:
        raise ConfigError(f'few-shot head {head!r} is none of {", ".join(HEADS)}')
    features, _ = checked_features(features)
    tasks, ways, _, queries = episodes.shape
    largest = max(int(episodes.support.max()), int(episodes.query.max()))
    if largest >= len(features) or min(int(episodes.support.min()), int(episodes.query.min())) < 0:
        raise DataError(f'the tasks name image {largest}, and there are features of {len(features)}')
    used = np.unique(np.concatenate([episodes.support.ravel(), episodes.query.ravel()]))
    place = np.zeros(len(features), dtype=np.int64)
    place[used] = np.arange(len(used))
    rows = torch.from_numpy(unit_rows(features[used]))
    truth = torch.arange(ways).repeat_interleave(queries)
    found = np.empty(tasks)
    for part in blocks(tasks, TOGETHER):
        support = rows[torch.from_numpy(place[episodes.support[part]])]
        query = rows[torch.from_numpy(place[episodes.query[part]])].flatten(1, 2)
        scores = HEADS[head](support, query)
        found[part] = 100 * (scores.argmax(dim=2) == truth).double().mean(dim=1).numpy()
    return found


def few_shot_accuracy(
    features: np.ndarray,
    labels: np.ndarray,
    shots: int = 1,
    head: str = 'logistic',
    protocol: EpisodeProtocol | None = None,
    episodes: Sequence[Episodes] | None = None,
) -> FewShotAccuracy:
    """Draw tasks and solve them.

    The interval of a run is Student's, over its tasks.

    Args:
        features: (M, D).
        labels: (M,) integers.
        shots: Labelled images of each class.
        head: As of :func:`task_accuracies`.
        protocol: How tasks are drawn; None: SCHaNe's.
        episodes: Tasks of each run that were drawn before, instead.

    Raises:
        ConfigError: If a number or the head cannot be.
        DataError: If there are too few classes or images, or features are not finite.

    Example:
        >>> labels = np.repeat(np.arange(5), 20)
        >>> few_shot_accuracy(np.eye(5)[labels], labels, protocol=EpisodeProtocol(tasks=10)).mean
        100.0
    """
    from scipy.special import stdtrit

    features, labels = checked_features(features, labels)
    drawn = (protocol or EpisodeProtocol()).episodes(labels, shots) if episodes is None else episodes
    means, intervals = [], []
    for tasks in drawn:
        found = task_accuracies(features, tasks, head)
        means.append(float(found.mean()))
        error = float(found.std(ddof=1)) / math.sqrt(len(found)) if len(found) > 1 else math.nan
        intervals.append(float(stdtrit(max(len(found) - 1, 1), (1 + CONFIDENCE) / 2)) * error)
    return FewShotAccuracy(tuple(means), tuple(intervals))


def few_shot_name(shots: int, head: str) -> str:
    """What logs and tables call a few-shot accuracy.

    Example:
        >>> few_shot_name(5, 'logistic')
        'few_shot/5shot_logistic'
    """
    return f'few_shot/{shots}shot_{head}'


def few_shot_table(accuracies: Mapping[tuple[int, str], FewShotAccuracy]) -> dict[str, list]:
    """A line for each number of shots and head: mean of the runs, the median run with its interval, and every run.

    Args:
        accuracies: By shots and head.

    Example:
        >>> few_shot_table({(1, 'logistic'): FewShotAccuracy((71.0,), (0.5,))})['rows']
        [['1-shot, logistic', 71.0, 71.0, 0.5, 71.0]]
    """
    runs = max(len(found.runs) for found in accuracies.values())
    rows = [
        [f'{shots}-shot, {head.replace("_", " ")}', found.mean, found.median, _or_none(found.interval), *found.runs]
        for (shots, head), found in accuracies.items()
    ]
    columns = ['tasks', 'mean', 'median run', '95 % interval, half', *(f'run {run}' for run in range(1, runs + 1))]
    return {'columns': columns, 'rows': rows}


def few_shot_metrics(found: Mapping[tuple[int, str], FewShotAccuracy]) -> dict[str, float]:
    """The same as metrics of a log: the mean under its name, and ``_median`` and ``_interval`` of the median run.

    Example:
        >>> sorted(few_shot_metrics({(1, 'logistic'): FewShotAccuracy((71.0,), (0.5,))}))
        ['few_shot/1shot_logistic', 'few_shot/1shot_logistic_interval', 'few_shot/1shot_logistic_median']
    """
    metrics: dict[str, float] = {}
    for key, accuracy in found.items():
        name = few_shot_name(*key)
        metrics |= {name: accuracy.mean, f'{name}_median': accuracy.median, f'{name}_interval': accuracy.interval}
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
