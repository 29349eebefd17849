"""Time and memory of the measures of features beside other packages', as ratios.

pip install -e .[benchmarks]; python tools/benchmarks/measures.py [--images 4000] [--dimensions 256] [--classes 50]

Each runs in a process of its own. Memory is what it takes beyond the features.
"""

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from _cli import at_least, readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=at_least(20), default=4000)
    parser.add_argument('--dimensions', type=at_least(1), default=256)
    parser.add_argument('--classes', type=at_least(2), default=50)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        compare(args)


def contestants(features: np.ndarray, labels: np.ndarray) -> dict[str, tuple[Callable[[], float], Callable[[], float]]]:
    """By name: our measure and another package's."""
    import torch
    from pytorch_metric_learning.distances import CosineSimilarity
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
    from pytorch_metric_learning.utils.inference import CustomKNN
    from s_dbw import S_Dbw
    from sklearn.metrics import roc_auc_score
    from torchmetrics.functional.classification import multiclass_calibration_error

    from cft.evaluation import calibration_scores, ood_auroc, retrieval_scores, s_dbw, uniformity
    from cft.evaluation.feature_rows import unit_rows

    rows = torch.from_numpy(features)
    logits = features[:, : labels.max() + 1]
    probabilities = torch.from_numpy(logits).softmax(dim=1)
    known = labels < labels.max() / 2

    def retrieval() -> float:
        calculator = AccuracyCalculator(
            include=('mean_average_precision_at_r',),
            k='max_bin_count',
            device=torch.device('cpu'),
            knn_func=CustomKNN(CosineSimilarity(), batch_size=256),
        )
        return 100 * calculator.get_accuracy(rows, torch.from_numpy(labels))['mean_average_precision_at_r']

    return {
        's_dbw/halkidi': (
            lambda: s_dbw(features, labels, 'halkidi'),
            lambda: S_Dbw(features, labels, method='Halkidi'),
        ),
        's_dbw/tong': (lambda: s_dbw(features, labels, 'tong'), lambda: S_Dbw(features, labels, method='Tong')),
        'retrieval/map_at_r': (lambda: retrieval_scores(features, labels)['map_at_r'], retrieval),
        'uniformity': (
            lambda: uniformity(features),
            lambda: float(torch.pdist(torch.from_numpy(unit_rows(features))).pow(2).mul(-2).exp().mean().log()),
        ),
        'ood/auroc': (
            lambda: ood_auroc(features[known, 0], features[~known, 0]),
            lambda: roc_auc_score(known, features[:, 0]),
        ),
        'calibration/ece': (
            lambda: calibration_scores(probabilities.numpy(), labels)['ece'],
            lambda: float(
                multiclass_calibration_error(probabilities, torch.from_numpy(labels), probabilities.shape[1], 15)
            ),
        ),
    }


def in_a_process(measured: Callable[[], Any]) -> tuple[Any, float, float]:
    """Value, seconds and MiB beyond what was there before."""
    context = multiprocessing.get_context('fork')
    receiver, sender = context.Pipe(duplex=False)

    def work() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.perf_counter()
        value = measured()
        seconds = time.perf_counter() - start
        sender.send((value, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))

    process = context.Process(target=work)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    finally:
        process.join()


def compare(args: argparse.Namespace) -> None:
    """Print a line for each measure."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, args.classes, args.images)
    centres = rng.standard_normal((args.classes, max(args.dimensions, args.classes)))
    features = rng.standard_normal((args.images, centres.shape[1])) + 0.5 * centres[labels]
    print(f'{args.images} images, {features.shape[1]} dimensions, {args.classes} classes')
    print('measure            | seconds: cft | peer    | peer/cft | MiB: cft | peer  | difference')
    for name, both in contestants(features, labels).items():
        (value, seconds, memory), (other, other_seconds, other_memory) = (in_a_process(each) for each in both)
        print(
            f'{name:18} | {seconds:12.3f} | {other_seconds:7.3f} | {other_seconds / seconds:8.1f} '
            f'| {memory:8.0f} | {other_memory:5.0f} | {abs(value - other):.1e}',
            flush=True,
        )


if __name__ == '__main__':
    main()
