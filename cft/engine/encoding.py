"""What a classifier or a self-supervised model says of a batch: features, labels and, of a classifier, scores."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cft.engine.model_access import unwrap_model

UNLABELLED = -1


def encode_batches(
    model: nn.Module,
    batches: Iterable[Any],
    scores: bool = False,
    on_samples: Callable[[Any, list], None] = lambda batch, samples: None,
) -> Iterator[dict[str, Tensor]]:
    """Encode each image once.

    Args:
        model: Of mmpretrain's kind, in eval mode, with or without wrappers.
        batches: Of single views.
        scores: Whether the head predicts, from the same features.
        on_samples: Called with the batch and what the head made of its samples.

    Yields:
        ``features`` (B, D) float32, after the neck, pooled if they are maps; ``labels`` (B,), -1 without one, or
        (B, C) of 1 and 0 where an image has any number, and -1 where it shows difficult objects alone of a class, as
        of :class:`mmpretrain.datasets.VOC`; if asked for, ``scores`` (B, C).

    Example:
        >>> rows = next(encode_batches(model, loader))  # doctest: +SKIP
        >>> rows['features'].shape  # doctest: +SKIP
        torch.Size([64, 2048])
    """
    encoder: Any = unwrap_model(model)
    for batch in batches:
        data = encoder.data_preprocessor(batch, False)
        encoded = encoder.extract_feat(data['inputs'])
        rows = {'features': pooled(encoded)}
        samples = data['data_samples']
        rows['labels'] = labels_of(samples, several_labels(encoder)).to(rows['features'].device)
        if scores:
            samples = encoder.head.predict(encoded, samples)
            on_samples(batch, samples)
            rows['scores'] = torch.stack([sample.pred_score for sample in samples]).float()
        yield rows


def pooled(outputs: Tensor | Sequence[Tensor]) -> Tensor:
    """(B, D) float32 features of what a backbone or a neck returns: its last output, averaged over places of a map.

    Example:
        >>> pooled((torch.zeros(2, 8, 4, 4), torch.ones(2, 16, 2, 2))).shape
        torch.Size([2, 16])
    """
    last = outputs if isinstance(outputs, Tensor) else outputs[-1]
    return (last.flatten(2).mean(dim=2) if last.dim() == 4 else last).float()


def several_labels(model: nn.Module) -> int:
    """Number of the classes of a classifier whose images have any number of labels; 0 for every other model."""
    head: Any = getattr(unwrap_model(model), 'head', None)
    return head.num_classes if 'MultiLabel' in type(head).__name__ else 0


def labels_of(samples: Sequence[Any], several: int = 0) -> Tensor:
    """Labels of a batch's samples as :func:`encode_batches` gives them.

    Args:
        samples: Of mmpretrain's kind.
        several: Number of classes where an image has any number of labels.

    Example:
        >>> from mmpretrain.structures import DataSample
        >>> labels_of([DataSample().set_gt_label(7), DataSample()])
        tensor([ 7, -1])
    """
    return torch.stack([_label(sample, several) for sample in samples])


def _label(sample: Any, several: int) -> Tensor:
    if 'gt_score' in sample:
        return sample.gt_score
    if 'gt_label' not in sample:
        return torch.tensor(UNLABELLED)
    label = sample.gt_label.long()
    if not several:
        return label.squeeze()
    difficult = torch.tensor(sample.get('gt_label_difficult', ()), dtype=torch.long)
    return torch.zeros(several, dtype=torch.long).index_fill(0, difficult, -1).index_fill(0, label.cpu(), 1)
