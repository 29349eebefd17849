"""Time and memory of the losses, forward and backward, beside plain PyTorch and other packages, as ratios.

pip install -e .[benchmarks]; python tools/benchmarks/losses.py [--rows 128 512 2048 8192] [--alone 32768] [--json FILE]
python tools/benchmarks/losses.py --device cuda --dtype bfloat16 --rows 2048 4096 16384 65536 --json FILE

The losses take turns, so that whatever else the machine does meets all alike; a ratio is the median over rounds of
those within one round, beside their least and largest. On CPUs it is one of CPU time, which other processes hardly
change; seconds of the clock are in the JSON file. Memory is the peak of what PyTorch allocates beyond the inputs.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from _cli import at_least, readable_errors

Step = Callable[[], object]


class Contest(NamedTuple):
    """Losses that are compared with each other.

    Attributes:
        steps: By name, from rows, channels, classes, device and type: forward and backward on inputs of their own.
        references: Names among them that the others are compared with; absent ones are left out.
    """

    steps: Callable[[int, argparse.Namespace], dict[str, Step]]
    references: tuple[str, ...]


def plain_supcon(features: torch.Tensor, labels: torch.Tensor, temperature: float) -> torch.Tensor:
    """SupCon as one writes it down."""
    rows = torch.nn.functional.normalize(features)
    logits = rows @ rows.T / temperature
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    positive = (labels[:, None] == labels) & ~itself
    log_probability = logits - logits.masked_fill(itself, -torch.inf).logsumexp(dim=1, keepdim=True)
    number = positive.sum(dim=1)
    return (-(log_probability * positive).sum(dim=1) / number.clamp(min=1))[number > 0].mean()


def supervised(rows: int, args: argparse.Namespace) -> dict[str, Step]:
    """Supervised contrastive losses of as many rows."""
    from cft.models.losses import FocalSupConLoss, SCHaNeLoss, SupConLoss

    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(3, rows, args.channels, generator=generator).to(args.device, getattr(torch, args.dtype))
    features, positives, negatives = (each.clone().requires_grad_() for each in inputs)
    labels = torch.randint(args.classes, (rows,), generator=generator).to(args.device)

    def step(loss: Callable[..., torch.Tensor], *extras: torch.Tensor) -> Step:
        return lambda: torch.autograd.grad(loss(features, labels, *extras), (features, *extras))

    steps = {
        'plain SupCon': step(lambda *given: plain_supcon(*given, 0.07)),
        'SupConLoss': step(SupConLoss(0.07)),
        'FocalSupConLoss': step(FocalSupConLoss(0.07)),
        'SCHaNeLoss': step(SCHaNeLoss(0.07)),
        'SupConLoss, extras': step(SupConLoss(0.07), positives, negatives),
        'FocalSupConLoss, extras': step(FocalSupConLoss(0.07), positives, negatives),
    }
    try:
        from pytorch_metric_learning.losses import SupConLoss as PeerLoss
    except ImportError:
        return steps
    return {'pytorch-metric-learning': step(PeerLoss(temperature=0.07)), **steps}


def plain_sce(query: torch.Tensor, key: torch.Tensor, queue: torch.Tensor) -> torch.Tensor:
    """SCE as one writes it down, on unit rows of a queue."""
    key, query = (torch.nn.functional.normalize(each) for each in (key, query))
    target = 0.5 * torch.nn.functional.pad((key @ queue.T / 0.05).softmax(dim=1), (1, 0))
    target[:, 0] += 0.5
    logits = torch.cat([(query * key).sum(dim=1, keepdim=True), query @ queue.T], dim=1) / 0.1
    return -(target * logits.log_softmax(dim=1)).sum(dim=1).mean()


def with_queue(rows: int, args: argparse.Namespace) -> dict[str, Step]:
    """Pre-training losses of as many queries against a queue, and SCE of six views, ten pairs, of an eighth of them."""
    from cft.models.losses import InfoNCELoss, ReSSLLoss, SCELoss
    from cft.models.selfsup import FeatureQueue, view_pairs
    from cft.models.selfsup.pair_losses import PairLosses

    generator = torch.Generator().manual_seed(0)
    dtype = getattr(torch, args.dtype)
    queue = FeatureQueue(args.queue, args.channels).to(args.device).features
    views = torch.randn(8, rows, args.channels, generator=generator).to(args.device, dtype)
    query, key = views[0].clone().requires_grad_(), views[1]
    crops = views[:6, : max(rows // 8, 1)].clone().requires_grad_()
    keys, pairs = {1: views[6, : crops.shape[1]], 0: views[7, : crops.shape[1]]}, view_pairs(6, symmetric=True)

    def step(loss: torch.nn.Module) -> Step:
        return lambda: torch.autograd.grad(PairLosses(loss, {1: key}, queue)({0: query}, [(0, 1)]).mean(), query)

    def plain_ten() -> object:
        losses = [plain_sce(crops[query], keys[key], queue) for query, key in pairs]
        return torch.autograd.grad(torch.stack(losses).mean(), crops)

    return {
        'plain SCE': lambda: torch.autograd.grad(plain_sce(query, key, queue), query),
        'InfoNCELoss': step(InfoNCELoss()),
        'ReSSLLoss': step(ReSSLLoss()),
        'SCELoss': step(SCELoss()),
        'plain SCE, ten pairs': plain_ten,
        'SCELoss, ten pairs': lambda: torch.autograd.grad(
            PairLosses(SCELoss(), keys, queue)(dict(enumerate(crops)), pairs).mean(), crops
        ),
    }


CONTESTS = {
    'supervised': Contest(supervised, ('plain SupCon', 'pytorch-metric-learning')),
    'queue': Contest(with_queue, ('plain SCE', 'plain SCE, ten pairs')),
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--contest', choices=sorted(CONTESTS), default='supervised', help='which losses')
    parser.add_argument('--queue', type=at_least(1), default=65536, help='past keys of the losses with a queue')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--dtype', choices=['float32', 'float64', 'float16', 'bfloat16'], default='float32')
    parser.add_argument('--channels', type=at_least(1), default=256)
    parser.add_argument('--classes', type=at_least(1), default=100)
    parser.add_argument('--rows', type=at_least(1), nargs='+', default=[128, 512, 2048, 8192])
    parser.add_argument('--alone', type=at_least(1), nargs='*', default=[], help='more rows, without the references')
    parser.add_argument('--names', nargs='+', help='of the losses; all of them if not given')
    parser.add_argument('--rounds', type=at_least(1), default=20, help='for up to 512 rows; fewer for more')
    parser.add_argument('--threads', type=at_least(1), default=1)
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        compare(args)


def compare(args: argparse.Namespace) -> None:
    """Print a line for each loss and number of rows."""
    from cft.apis.running.device import check_device
    from cft.files import write_atomically
    from cft.ops.contrastive.on_gpu import kernels_serve

    check_device(args.device)
    torch.set_num_threads(args.threads)
    found: list[dict[str, Any]] = []
    contest = CONTESTS[args.contest]
    for step in contest.steps(min(args.rows), args).values():
        step()
    for rows in [*args.rows, *args.alone]:
        steps = contest.steps(rows, args)
        if args.names:
            steps = {name: step for name, step in steps.items() if name in args.names}
        if rows in args.alone:
            steps = {name: step for name, step in steps.items() if name not in contest.references}
        if args.device != 'cpu':
            # Kernels are compiled, and compared once, before the clock starts.
            for step in steps.values():
                seconds_of(step)
        rounds = max(min(2, args.rounds), min(args.rounds, args.rounds * 512 // rows))
        for line in measure(steps, contest.references, rounds):
            kernels = kernels_serve(torch.empty(0, device=args.device).device)
            found.append({'losses': args.contest, 'rows': rows, 'kernels': kernels, **line})
            print(json.dumps(found[-1]), flush=True)
    if args.json is not None:
        write_atomically(args.json, json.dumps({'setting': setting(args), 'figures': found}, indent=1).encode() + b'\n')


def measure(steps: dict[str, Step], references: tuple[str, ...], rounds: int) -> list[dict[str, Any]]:
    """Figures of each step that fits into memory."""
    from cft.apis.running.step_cost import peak_bytes

    taken: dict[str, list[tuple[float, float] | None]] = {name: [] for name in steps}
    orders = random.Random(0)
    for _ in range(rounds):
        # What a step leaves in the caches meets all others alike.
        for name in orders.sample(list(steps), len(steps)):
            if None not in taken[name]:
                taken[name].append(seconds_of(steps[name]))
    lines: list[dict[str, Any]] = []
    for name, step in steps.items():
        if None in taken[name]:
            lines.append({'name': name, 'out_of_memory': True})
            continue
        clock, used = (statistics.median(each[which] for each in taken[name]) for which in (0, 1))
        line = {'name': name, 'seconds': round(clock, 6), 'cpu_seconds': round(used, 6), 'rounds': rounds}
        for reference in references:
            if reference != name and None not in taken.get(reference, [None]):
                pairs = zip(taken[name], taken[reference], strict=True)
                ratios = sorted(own[1] / other[1] for own, other in pairs)
                line[f'to {reference}'] = [
                    round(each, 3) for each in (statistics.median(ratios), ratios[0], ratios[-1])
                ]
        lines.append(line | {'peak_mib': round(peak_bytes(step) / 2**20, 1), 'load': round(os.getloadavg()[0], 1)})
    return lines


def seconds_of(step: Step) -> tuple[float, float] | None:
    """Of the clock, and of the processors; both of the clock on a GPU. None if its memory does not suffice."""
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.synchronize()
    started, used = time.perf_counter(), time.process_time()
    try:
        step()
    except torch.OutOfMemoryError:
        return None
    if on_gpu:
        torch.cuda.synchronize()
        return (time.perf_counter() - started,) * 2
    return time.perf_counter() - started, time.process_time() - used


def setting(args: argparse.Namespace) -> dict[str, Any]:
    """Machine, versions and arguments."""
    from importlib.metadata import distributions

    packages = ('torch', 'pytorch-metric-learning')
    versions = {found.name: found.version for found in distributions() if found.name in packages}
    lines = Path('/proc/cpuinfo').read_text().splitlines() if Path('/proc/cpuinfo').exists() else []
    processor = next((line.partition(': ')[2] for line in lines if line.startswith('model name')), platform.processor())
    return {
        'processor': torch.cuda.get_device_name() if torch.cuda.is_available() else processor,
        'cores': os.cpu_count(),
        'python': platform.python_version(),
        'versions': versions,
        **{name: value for name, value in vars(args).items() if name != 'json'},
    }


if __name__ == '__main__':
    main()
