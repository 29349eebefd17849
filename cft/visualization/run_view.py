"""What a page needs to know of one run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from cft.evaluation.result import Evaluation
from cft.experiments import RunRecord

from .pictures import Picture


@dataclass(frozen=True)
class RunView:
    """One run with its data and its predictions, as far as they are there.

    Attributes:
        record: Result, curves, cost and versions.
        evaluation: Of the split that is reported.
        command: The command line that started it.
        settings: Dotted names and values of the complete config.
        data: Pictures of the training data.
        classes: Names.
        labels: (N,) class of each image of the split.
        names: N names of these images.
        scores: (N, C) probabilities of a classifier.
        features: (N, D).
        picture: Gives the image of row i.
        examples: Pictures of predictions of a segmentor or a detector.
        keys: What the colours of the pictures mean.
        notes: What is not shown, and why.

    Example:
        >>> RunView(RunRecord('ce', '0f', 'ce/folder')).main_metric is None
        True
    """

    record: RunRecord
    evaluation: Evaluation | None = None
    command: str = ''
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: Sequence[Picture] = ()
    classes: Sequence[str] = ()
    labels: np.ndarray | None = None
    names: Sequence[str] = ()
    scores: np.ndarray | None = None
    features: np.ndarray | None = None
    picture: Callable[[int], Image.Image] | None = None
    examples: Sequence[Picture] = ()
    keys: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()

    @property
    def main_metric(self) -> tuple[str, float] | None:
        """Name and value of what the run is judged by."""
        from .metric_names import in_order

        metrics = self.evaluation.metrics if self.evaluation else {}
        names = in_order(metrics)
        return (names[0], metrics[names[0]]) if names else None
