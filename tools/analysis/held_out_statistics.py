"""How much of the error on a held-out domain comes from BatchNorm's statistics.

python tools/analysis/held_out_statistics.py WORK_DIR [WORK_DIR ...]

For each run of a domain-generalisation config, with its best checkpoint: accuracy on the held-out images with the
statistics of the training, and with those of the held-out images themselves, labels unused; beside each the share of
the class that is predicted most often. The second is a diagnosis and no result: it has seen the test images.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import readable_errors

if TYPE_CHECKING:
    import torch


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'runs', nargs='+', metavar='WORK_DIR', help='folders of runs, such as work_dirs/x/runs/*-edges-*'
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    rows = []
    with readable_errors():
        for run in args.runs:
            trained, own = measure(run)
            rows.append(f'| {Path(run).name} | {trained[0]:.2f} | {trained[1]:.2f} | {own[0]:.2f} | {own[1]:.2f} |')
    header = (
        'run | training statistics: accuracy | most frequent class | own statistics: accuracy | most frequent class'
    )
    print('\n'.join([f'| {header} |', '| --- | ---: | ---: | ---: | ---: |', *rows]))


def measure(run: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Accuracy and share of the commonest prediction, in per cent: with the statistics of training, and own ones."""
    from mmengine.runner.checkpoint import load_checkpoint
    from torch.optim.swa_utils import update_bn

    from cft.apis import build_runner, load_config
    from cft.apis.running.trained_model import find_trained

    config, checkpoint = find_trained(run)
    cfg = load_config(config, {'checkpoint': None})
    cfg.work_dir = str(Path(run) / 'held_out_statistics')
    runner = build_runner(cfg)
    model: Any = runner.model
    load_checkpoint(model, str(checkpoint), map_location='cpu')
    loader = runner.build_dataloader(cfg.test_dataloader)

    def images() -> Iterator['torch.Tensor']:
        for batch in loader:
            yield model.data_preprocessor(batch, False)['inputs']

    trained = predictions(model, loader)
    model.backbone.norm_eval = False
    update_bn(images(), model.backbone)
    return trained, predictions(model, loader)


def predictions(model: Any, loader: Any) -> tuple[float, float]:
    """Accuracy and share of the most frequent prediction, in per cent."""
    import torch

    model.eval()
    found, labels = [], []
    with torch.no_grad():
        for batch in loader:
            samples = model.test_step(batch)
            found += [sample.pred_label.item() for sample in samples]
            labels += [sample.gt_label.item() for sample in samples]
    right = sum(first == second for first, second in zip(found, labels, strict=True))
    return 100 * right / len(labels), 100 * max(map(found.count, set(found))) / len(labels)


if __name__ == '__main__':
    main()
