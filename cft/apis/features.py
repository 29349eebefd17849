"""Features of a dataset under a model."""

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import nn
from torch.utils.data import DataLoader

from cft.engine.model_access import unwrap_model


@torch.no_grad()
def extract_features(model: nn.Module, dataloader: DataLoader) -> tuple[np.ndarray, np.ndarray]:
    """Encode every image of a data loader.

    Args:
        model: A classifier or self-supervised model of mmpretrain's kind; it is
            evaluated in eval mode, and the mode of each of its modules restored.
        dataloader: Yields labelled single views.

    Returns:
        (N, D) features after the neck, pooled if they are maps, and (N,) labels.

    Example:
        >>> features, labels = extract_features(runner.model, runner.test_dataloader)  # doctest: +SKIP
    """
    encoder: BaseModel = unwrap_model(model)
    modes = [(module, module.training) for module in encoder.modules()]
    encoder.eval()
    features, labels = [], []
    try:
        for batch in dataloader:
            data = encoder.data_preprocessor(batch, False)
            encoded = encoder.extract_feat(data['inputs'])[-1]
            features.append(encoded.flatten(2).mean(dim=2) if encoded.dim() == 4 else encoded)
            labels += [int(sample.gt_label) for sample in data['data_samples']]
    finally:
        for module, training in modes:
            module.training = training
    return torch.cat(features).float().cpu().numpy(), np.array(labels)
