"""What is known of a skipped step: for a file, and in one line."""

import math
from collections.abc import Sequence

from torch import Tensor

SHOWN = 4


def batch_entry(rank: int, losses: dict[str, Tensor], data_samples: object) -> dict:
    """What ``non_finite.jsonl`` says of one batch; numbers that JSON does not know become text.

    Args:
        rank: Whose batch.
        losses: Scalars by name.
        data_samples: Of the batch.

    Example:
        >>> import torch
        >>> batch_entry(0, {'loss_ce': torch.tensor(2.0), 'loss_con': torch.tensor(float('nan'))}, None)
        {'rank': 0, 'losses': {'loss_ce': 2.0, 'loss_con': 'nan'}, 'samples': []}
    """
    values = {name: float(loss) for name, loss in losses.items()}
    plain = {name: value if math.isfinite(value) else str(value) for name, value in values.items()}
    return {'rank': rank, 'losses': plain, 'samples': sample_names(data_samples)}


def describe(record: dict) -> str:
    """One line for what was not finite in a step.

    Args:
        record: A line of ``non_finite.jsonl``.
    """
    parts = [
        f'{wrong} on rank {batch["rank"]} for {_shortened(batch["samples"])}'
        for batch in record['batches']
        if (wrong := _non_finite_losses(batch['losses']))
    ]
    if not parts and record['gradients']:
        # The parameters come in the order of the forward pass, NaNs in that of the backward pass.
        samples = [name for batch in record['batches'] for name in batch['samples']]
        parts = [
            (
                f'the loss is finite, but not the gradient of {record["gradients"][-1]} (nearest to the loss of '
                f'{len(record["gradients"])} such parameters) for {_shortened(samples)}'
            )
        ]
    if record['weights']:
        parts.append(f'{len(record["weights"])} weights are not finite themselves, first {record["weights"][0]}')
    return f'iteration {record["iteration"]}, learning rate {record["learning_rate"]:g}: {"; ".join(parts)}'


def _non_finite_losses(losses: dict[str, float | str]) -> str:
    # The sum says nothing beside its terms.
    wrong = {name: value for name, value in losses.items() if isinstance(value, str)}
    terms = [f'{name} is {value}' for name, value in wrong.items() if name != 'loss' or len(wrong) == 1]
    return ', '.join(terms)


def _shortened(samples: list[str]) -> str:
    if not samples:
        return 'a batch whose samples have no names'
    return ', '.join(samples[:SHOWN]) + (f', ... ({len(samples)} samples)' if len(samples) > SHOWN else '')


def sample_names(data_samples: object) -> list[str]:
    """File of each sample of a batch, or its number where there is no file.

    Args:
        data_samples: Of any OpenMMLab library; anything else has no names.

    Example:
        >>> from mmpretrain.structures import DataSample
        >>> sample_names([DataSample(metainfo={'img_path': 'a.jpg'}), DataSample(metainfo={'sample_idx': 7})])
        ['a.jpg', 'sample 7']
    """
    return [_name(sample) for sample in data_samples] if isinstance(data_samples, Sequence) else []


def _name(sample: object) -> str:
    path = getattr(sample, 'img_path', None)
    if path is not None:
        return str(path)
    number = getattr(sample, 'sample_idx', None)
    return 'a sample without a name' if number is None else f'sample {number}'
