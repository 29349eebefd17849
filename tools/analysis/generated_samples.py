"""What hard-pair mixup makes of the pixels of a segmentor: whose classes, and from where in the image.

python tools/analysis/generated_samples.py CONFIG CHECKPOINT [--batches N]

On training batches of the config, with the weights of the checkpoint: the class frequencies of all labelled pixels and
of the generated samples' soft labels, before and after their weighting; and how many of the hardest positives and
negatives lie at the border of an object, beside how many pixels do.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors

if TYPE_CHECKING:
    import torch


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='a segmentation config with pairs, such as quickstart/coretuning_seg')
    parser.add_argument('checkpoint', help='of a run of it, or of cross-entropy alone')
    parser.add_argument('--batches', type=at_least(1), default=20, metavar='N', help='default: %(default)s')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        found = measure(args.config, args.checkpoint, args.batches)
    print(json.dumps(found, indent=1))


def measure(config: str, checkpoint: str, batches: int) -> dict[str, dict[str, float]]:
    """Shares in per cent, by what is counted."""
    import torch
    from mmengine.runner.checkpoint import load_checkpoint

    from cft.apis import build_runner, load_config
    from cft.models.branches import record_calls

    cfg = load_config(config, {'checkpoint': None})
    cfg.work_dir = str(Path(checkpoint).parent / 'generated_samples')
    runner = build_runner(cfg)
    model: Any = runner.model
    load_checkpoint(model, checkpoint, map_location='cpu')
    model.train()
    counts: dict[str, list[torch.Tensor]] = {}
    images = iter(runner.train_dataloader)
    for _ in range(batches):
        batch = model.data_preprocessor(next(images), True)
        with torch.no_grad(), record_calls(model.decode_head.dropout) as features:
            logits = model.decode_head(model.extract_feat(batch['inputs']))
        labels = model.decode_head._stack_batch_gt(batch['data_samples']).float()
        labels = torch.nn.functional.interpolate(labels, size=logits.shape[2:], mode='nearest')[:, 0].long()
        for name, count in counted(model, features[-1][0], labels, logits).items():
            counts.setdefault(name, []).append(count)
    shares = {name: torch.stack(each).sum(0) for name, each in counts.items()}
    classes = runner.train_dataloader.dataset.metainfo['classes']
    return {
        name: {key: round(100 * value.item() / count.sum().item(), 2) for key, value in zip(keys, count, strict=True)}
        for name, count in shares.items()
        for keys in [classes if len(count) == len(classes) else ('at a border', 'elsewhere')]
    }


def counted(
    model: Any, features: 'torch.Tensor', labels: 'torch.Tensor', logits: 'torch.Tensor'
) -> dict[str, 'torch.Tensor']:
    """Numbers of pixels or samples of a batch by class, and at borders and elsewhere."""
    import torch

    from cft.models.branches.contrastive_side import _with_frequencies
    from cft.models.pairs.hard_pair import hardest_pairs

    ignored, number = model.decode_head.ignore_index, model.num_classes
    labelled = labels != ignored
    rows, anchors, represented = model.pixel_sampler(features, labels, logits, ignored)
    mixed = model.contrastive.pairs(rows, anchors, number)
    frequencies = labels[labelled].bincount(minlength=number).float()
    targets = torch.cat([mixed.positive_targets, mixed.negative_targets])
    exist = torch.cat([mixed.positive_mask, mixed.negative_mask]).float() * represented.repeat(2)
    border = borders(labels, ignored)[labelled]
    positive, negative, _ = hardest_pairs(features.permute(0, 2, 3, 1)[labelled], labels[labelled])

    def halves(inside: 'torch.Tensor') -> 'torch.Tensor':
        return torch.stack([inside.sum(), (~inside).sum()]).float()

    return {
        'labelled pixels': frequencies,
        'generated, for all pixels that the anchors stand for': exist @ targets,
        'generated, weighted towards the class frequencies': _with_frequencies(exist, targets, frequencies) @ targets,
        'pixels': halves(border),
        'hardest positives': halves(border[positive]),
        'hardest negatives': halves(border[negative]),
    }


def borders(labels: 'torch.Tensor', ignored: int) -> 'torch.Tensor':
    """Which of (B, h, w) pixels have a neighbour above, below or beside them of another class."""
    import torch

    found = torch.zeros_like(labels, dtype=torch.bool)
    for axis in (1, 2):
        first, second = labels.narrow(axis, 0, labels.shape[axis] - 1), labels.narrow(axis, 1, labels.shape[axis] - 1)
        differ = (first != second) & (first != ignored) & (second != ignored)
        found.narrow(axis, 0, labels.shape[axis] - 1).logical_or_(differ)
        found.narrow(axis, 1, labels.shape[axis] - 1).logical_or_(differ)
    return found


if __name__ == '__main__':
    main()
