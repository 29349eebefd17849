"""What a measure is made from, and what a measure is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from cft.errors import ConfigError

from .calibration import calibration_scores
from .episodes import Episodes
from .few_shot import EpisodeProtocol, FewShotAccuracy, few_shot_accuracy
from .pair_similarities import mean_similarities
from .retrieval import retrieval_scores


@dataclass(frozen=True)
class Material:
    """What measures are made from; what several share is computed once.

    Attributes:
        features: (N, D) of the images that are judged.
        labels: (N,) integers.
        train: Features (M, D) and labels (M,) of the training images.
        probabilities: (N, C) of the classifier.
        outside: (L, D) features of images of classes that training had not.
        outside_probabilities: (L, C) of the same.
        present: (N, C) where images have any number of labels: 1, 0, or -1 if the image does not count for the class.
        train_present: (M, C), the same of the training images.
        episodes: How few-shot tasks are drawn.
        tasks: Those that were drawn, by the shots; a list of each run.
        few_shot: What they gave, by shots and head.

    Example:
        >>> Material(np.eye(2), np.array([0, 1])).similarities
        (nan, 0.0)
    """

    features: np.ndarray
    labels: np.ndarray
    train: tuple[np.ndarray, np.ndarray] | None = None
    probabilities: np.ndarray | None = None
    outside: np.ndarray | None = None
    outside_probabilities: np.ndarray | None = None
    present: np.ndarray | None = None
    train_present: np.ndarray | None = None
    episodes: EpisodeProtocol | None = None
    tasks: dict[int, list[Episodes]] = field(default_factory=dict)
    few_shot: dict[tuple[int, str], FewShotAccuracy] = field(default_factory=dict)

    def given(self, need: str) -> Any:
        """What has that name.

        Raises:
            ConfigError: If it is not there.
        """
        if (found := getattr(self, need)) is None:
            raise ConfigError(f'a measure needs {need}, and there is none')
        return found

    def solved(self, shots: int, head: str) -> FewShotAccuracy:
        """Few-shot accuracy; all heads meet the same tasks."""
        if shots not in self.tasks:
            self.tasks[shots] = self.given('episodes').episodes(self.labels, shots)
        if (shots, head) not in self.few_shot:
            self.few_shot[shots, head] = few_shot_accuracy(
                self.features, self.labels, shots, head, episodes=self.tasks[shots]
            )
        return self.few_shot[shots, head]

    @property
    def training(self) -> tuple[np.ndarray, np.ndarray]:
        """Features and labels of the training images."""
        train = self.given('train')
        return train[0], train[1]

    @property
    def with_several_labels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Features and labels of the training images, then of the judged ones, of any number of labels each."""
        return self.training[0], self.given('train_present'), self.features, self.given('present')

    @cached_property
    def shared(self) -> dict[str, Any]:
        """What the measures of a protocol keep for each other, by their own names."""
        return {}

    @cached_property
    def similarities(self) -> tuple[float, float]:
        """Mean similarity of positive and of negative pairs."""
        return mean_similarities(self.features, self.labels)

    @cached_property
    def retrieval(self) -> dict[str, float]:
        """All retrieval scores."""
        return retrieval_scores(self.features, self.labels, ks=(1, 5, 10))

    @cached_property
    def calibration(self) -> dict[str, float]:
        """All calibration scores."""
        return calibration_scores(self.given('probabilities'), self.labels)


@dataclass(frozen=True)
class Measure:
    """A number that judges features or probabilities.

    Attributes:
        compute: From the material.
        better: Which way is better; ``''``: neither as such.
        text: What it says, in a line.
        needs: Names of the fields of ``Material`` it needs beside ``features`` and ``labels``.
        percent: Whether the number is in per cent.

    Example:
        >>> Measure(lambda material: len(material.labels), '', 'number of images').needs
        ()
    """

    compute: Callable[[Material], float]
    better: Literal['higher', 'lower', '']
    text: str
    needs: tuple[str, ...] = ()
    percent: bool = False
