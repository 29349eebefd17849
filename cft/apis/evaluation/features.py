"""Features of a dataset under a model."""

import numpy as np
from torch import nn
from torch.utils.data import DataLoader

from cft.engine.encoding import encode_batches
from cft.engine.model_access import unwrap_model
from cft.engine.ordered_pass import evaluation_mode


def extract_features(model: nn.Module, dataloader: DataLoader) -> tuple[np.ndarray, np.ndarray]:
    """Encode every image that a data loader gives this process.

    Args:
        model: A classifier or self-supervised model of mmpretrain's kind; it is
            evaluated in eval mode, and the mode of each of its modules restored.
        dataloader: Yields labelled single views.

    Returns:
        (N, D) features after the neck, pooled if they are maps, and (N,) labels.

    Example:
        >>> features, labels = extract_features(runner.model, runner.test_dataloader)  # doctest: +SKIP
    """
    with evaluation_mode(unwrap_model(model)):
        rows = [(row['features'].cpu(), row['labels'].cpu()) for row in encode_batches(model, dataloader)]
    features, labels = zip(*rows, strict=True)
    return np.concatenate(features), np.concatenate(labels)
