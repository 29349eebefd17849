"""Pre-train several configs and compare their features, and the cost of their steps, in one table.

python tools/benchmarks/pretraining.py configs/quickstart/{mocov2,ressl,sce}_digits.py --seeds 0 1 2
python tools/benchmarks/pretraining.py {configs/quickstart/mocov2,tools/benchmarks/lightly/moco}_digits.py

Accuracies are those of nearest neighbours and of logistic regression on frozen features: test images by labelled
training images (--split val to choose settings). Beside them stand the encoder before training and the neighbours of
the raw pixels. Time and memory of a step are ratios to the first config, measured at the end, the steps of all configs
taking turns. Runs that are finished are not repeated: the same command goes on after an interruption. The configs in
tools/benchmarks/lightly need the library lightly.
"""

import argparse
import contextlib
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
# Where lightly_models lies; the processes that do the runs look there as well.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from _cli import add_executor, at_least, readable_errors, series_log

if TYPE_CHECKING:
    from cft.experiments import RunRecord


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', help='pre-training configs; the first is what the others are compared to')
    parser.add_argument('--seeds', type=at_least(0), nargs='+', default=[0])
    parser.add_argument('--split', choices=['val', 'test'], default='test', help='val to choose settings')
    parser.add_argument('--epochs', type=at_least(1), help='so many at a constant learning rate, to see that it works')
    parser.add_argument('--data-root', help='folder of the images, where it is not the one that the configs name')
    parser.add_argument('--rounds', type=at_least(1), default=20, help='timed steps of each config')
    parser.add_argument('--neighbours', type=int, choices=[20, 200], default=20)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/pretraining'))
    add_executor(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors(), series_log(args.work_dir, 'benchmark of pre-training') as log:
        from cft.apis.evaluation.pretraining import pretraining_runs
        from cft.apis.experiments.runs import run_plan

        runs = pretraining_runs(args.configs, args.seeds, overrides(args), args.split, args.neighbours)
        records = run_plan(runs, args.work_dir, args.executor)
        print('time and memory of the steps')
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            rows, pixels = measure(args, records)
    found = {'setting': setting(args), 'pixels': pixels, 'methods': rows}
    (args.work_dir / 'results.json').write_text(json.dumps(found, indent=1) + '\n')
    print(
        f'\n{table(rows)}\n\nraw pixels: {pixels:.1f} %; {args.neighbours} nearest neighbours, '
        f'{args.split} images, seeds {args.seeds}'
    )
    print(f'Numbers: {args.work_dir / "results.json"}')


def measure(args: argparse.Namespace, records: Sequence['RunRecord']) -> tuple[list[dict], float]:
    """A row for each config, with its steps timed beside those of the others, and the accuracy of raw pixels."""
    from cft.apis import load_config
    from cft.apis.evaluation.pretraining import neighbours_of_pixels
    from cft.apis.running.step_cost import peak_bytes, started_step, step_seconds

    rows, steps = [], []
    for number, config in enumerate(args.configs):
        own = [record for record in records if record.labels['config'] == config]
        accuracy = {
            name: [record.metrics[args.split][measure] for record in own if record.labels['trained'] == trained]
            for name, trained, measure in (
                ('random', False, f'knn/k{args.neighbours}'),
                ('pretrained', True, f'knn/k{args.neighbours}'),
                ('random_linear', False, 'linear_probe/top1'),
                ('linear', True, 'linear_probe/top1'),
            )
        }
        rows.append({'config': config, **accuracy})
        cfg = load_config(config, {**overrides(args), 'randomness.seed': args.seeds[-1]})
        cfg.work_dir = str(args.work_dir / 'steps' / str(number))
        cfg.experiment_name = f'steps_{number}'
        steps.append(started_step(cfg))
    for row, step, seconds in zip(rows, steps, step_seconds(steps, args.rounds), strict=True):
        row |= {'step_seconds': seconds, 'peak_bytes': peak_bytes(step)}
    return rows, neighbours_of_pixels(load_config(args.configs[0], overrides(args)), args.split, args.neighbours)


def setting(args: argparse.Namespace) -> dict:
    """What the figures depend on beside the configs."""
    from importlib.metadata import distributions

    packages = ('torch', 'lightly', 'onedl-mmpretrain')
    return {
        **{name: getattr(args, name) for name in ('seeds', 'split', 'epochs', 'neighbours', 'rounds')},
        'versions': {found.name: found.version for found in distributions() if found.name in packages},
    }


def overrides(args: argparse.Namespace) -> dict:
    """Config settings of the command line."""
    settings = {} if args.data_root is None else {'data_root': args.data_root}
    if args.epochs is not None:
        # The schedules' warm-up may be longer.
        settings |= {'epochs': args.epochs, 'default_hooks.checkpoint.interval': args.epochs, 'param_scheduler': None}
    return settings


def table(rows: list[dict]) -> str:
    """A Markdown table of what was measured."""
    first = rows[0]
    lines = [
        '| config | kNN: random encoder | kNN | linear: random encoder | linear | step time | peak memory |',
        '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ]
    lines += [
        f'| {shown(row["config"])} | {spread(row["random"])} | {spread(row["pretrained"])} '
        f'| {spread(row["random_linear"])} | {spread(row["linear"])} '
        f'| {row["step_seconds"] / first["step_seconds"]:.2f} | {row["peak_bytes"] / first["peak_bytes"]:.2f} |'
        for row in rows
    ]
    lines.append(
        f'\n1.00 is {1000 * first["step_seconds"]:.0f} ms and {first["peak_bytes"] / 2**20:.1f} MiB '
        f'({shown(first["config"])})'
    )
    return '\n'.join(lines)


def shown(config: str) -> str:
    """Name of a config, with its folder where that is another library's."""
    path = Path(config)
    return path.stem if path.parent.name == 'quickstart' else f'{path.parent.name}/{path.stem}'


def spread(values: list[float]) -> str:
    if len(values) == 1:
        return f'{values[0]:.1f}'
    return f'{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}'


if __name__ == '__main__':
    main()
