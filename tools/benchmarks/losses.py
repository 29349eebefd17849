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
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch
from _cli import at_least, readable_errors
from loss_contests import CONTESTS, Step


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
