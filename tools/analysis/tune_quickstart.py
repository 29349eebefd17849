"""Choose the quickstart's settings, every method with the same budget of trials on the same validation draws.

python tools/analysis/tune_quickstart.py [--data fashion] [--methods ce scl ...] [--work-dir DIR] [--executor HOW]

The trials of a method are the points of configs/spaces/quickstart/NAME.yaml: the settings before this tuning first, the
published ones, and others of its own hyper-parameters. They are halved as in successive halving (Jamieson & Talwalkar
2016): all eight are trained on two draws of labels, the best four on two more, the best two of these on another four.
Best is the highest mean accuracy on the validation images at the end of training; of equal ones the first. A trial
that fails on one of them, as where the loss becomes infinite, is out. No comparison uses these draws, and the trials
have no test split. Writes tuning.md and tuning.json into the work dir;
configs/quickstart holds those of the last tuning, and the settings that it chose. Runs that are finished are not
repeated, and methods that are added leave the others as they are.
"""

import argparse
import json
import math
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import add_executor, readable_errors

if TYPE_CHECKING:
    from cft.experiments import Run, RunRecord
    from cft.experiments.spaces import Space

SPACES = Path(__file__).resolve().parents[2] / 'configs' / 'spaces' / 'quickstart'
PRETRAINED, SCRATCH = 'sce', 'ce_scratch'
METRIC, BESIDE = 'accuracy/top1', 'retrieval/map_at_r'
DATA = ('digits', 'fashion')
NO_TEST = {'test_dataloader': None, 'test_evaluator': None, 'test_cfg': None}
FIRST_DRAW = 1000


class Round(NamedTuple):
    """How many trials are left, and on how many draws each of them is trained then."""

    trials: int
    draws: int


ROUNDS = (Round(8, 2), Round(4, 4), Round(2, 8))
# By method and trial, the records of its draws in their order.
Records = dict[tuple[str, int], list['RunRecord']]


def parse_args() -> argparse.Namespace:
    known = method_names()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', choices=DATA, default=DATA[0], help='the images')
    parser.add_argument('--methods', nargs='+', choices=known, default=known, metavar='NAME', help=', '.join(known))
    parser.add_argument('--work-dir', type=Path, help='where results go; default work_dirs/tuning_DATA')
    add_executor(parser)
    args = parser.parse_args()
    args.work_dir = args.work_dir or Path(f'work_dirs/tuning_{args.data}')
    return args


def main() -> None:
    args = parse_args()
    with readable_errors():
        spaces = {method: space_of(method, args.data) for method in args.methods}
        records = tune(spaces, args.data, args.work_dir, args.executor)
        print(write_results(records, spaces, args.data, args.work_dir, shlex.join(['python', *sys.argv])))


def method_names() -> list[str]:
    """Methods that have trials."""
    return sorted(path.stem for path in SPACES.glob('*.yaml'))


def space_of(method: str, data: str) -> 'Space':
    """The trials of a method.

    Raises:
        ConfigError: If they are not as many as those of every other method.
    """
    from cft.apis import load_config
    from cft.apis.searching.spaces import load_space
    from cft.errors import ConfigError

    path = SPACES / f'{method}.yaml'
    space = load_space(load_config(f'quickstart/{method}_{data}'), path)
    if len(space.points) != ROUNDS[0].trials:
        raise ConfigError(f'{path} has {len(space.points)} points; every method has {ROUNDS[0].trials} trials')
    return space


def tune(
    spaces: Mapping[str, 'Space'], data: str, work_dir: Path, executor: str, rounds: Sequence[Round] = ROUNDS
) -> Records:
    """Train the trials of every method, fewer of them on more draws in each round; one that fails has no records."""
    from cft.apis.experiments.runs import run_plan
    from cft.experiments import RunsFailed

    left = {method: list(range(len(space.points))) for method, space in spaces.items()}
    records: Records = {}
    for number, (_, draws) in enumerate(rounds):
        runs = planned_runs(spaces, data, left, draws)
        try:
            records |= by_trial(run_plan(runs, work_dir, executor))
        except RunsFailed as error:
            records |= by_trial(error.records)
            failed = [run.labels for run in runs if run.labels and run.name in error.failed]
            records |= {(labels['method'], labels['trial']): [] for labels in failed}
            if not all(any(records[method, trial] for trial in trials) for method, trials in left.items()):
                raise
        if number + 1 < len(rounds):
            kept = rounds[number + 1].trials
            left = {
                method: [trial for trial in ranking(records, method, trials) if records[method, trial]][:kept]
                for method, trials in left.items()
            }
    return records


def planned_runs(
    spaces: Mapping[str, 'Space'], data: str, trials: Mapping[str, Sequence[int]], draws: int
) -> list['Run']:
    """Pre-training, and the given trials of every method, draw by draw."""
    from cft.experiments import Output, Run

    runs = [Run(PRETRAINED, f'quickstart/sce_{data}', options={'splits': []})]
    for draw in range(FIRST_DRAW, FIRST_DRAW + draws):
        for method, space in spaces.items():
            for trial in trials[method]:
                settings = {'train_dataloader.dataset.seed': draw, **NO_TEST, **space.overrides(space.points[trial])}
                if method != SCRATCH:
                    settings['checkpoint'] = Output(PRETRAINED)
                labels = {'method': method, 'trial': trial, 'draw': draw}
                options = {'splits': ['val'], 'measures': [BESIDE]}
                name = f'{method}-{trial}-{draw}'
                runs.append(Run(name, f'quickstart/{method}_{data}', settings, draw, labels, options))
    return runs


def by_trial(records: Sequence['RunRecord']) -> Records:
    found: Records = {}
    for record in sorted((record for record in records if record.labels), key=lambda record: record.labels['draw']):
        found.setdefault((record.labels['method'], record.labels['trial']), []).append(record)
    return found


def ranking(records: Records, method: str, trials: Sequence[int]) -> list[int]:
    """Trials that met the same draws, the best mean first, of equal ones the first, then those that failed."""

    def total(trial: int) -> float:
        if not records[method, trial]:
            return -math.inf
        # Means of equal values may differ in the last bit with another order of their sum.
        return round(sum(record.metrics['val'][METRIC] for record in records[method, trial]), 6)

    return sorted(sorted(trials), key=total, reverse=True)


def write_results(records: Records, spaces: Mapping[str, 'Space'], data: str, work_dir: Path, command: str) -> str:
    """Write numbers and tables; the page for the terminal."""
    methods = {method: judged(records, method, space) for method, space in spaces.items()}
    draws = sorted({record.labels['draw'] for found in records.values() for record in found})
    numbers = {'command': command, 'data': data, 'draws': draws, 'metric': METRIC, 'methods': methods}
    (work_dir / 'tuning.json').write_text(f'{json.dumps(numbers, indent=1)}\n')
    text = page(methods, data, draws, command)
    (work_dir / 'tuning.md').write_text(text)
    return f'{text}\nNumbers: {work_dir / "tuning.json"}'


def judged(records: Records, method: str, space: 'Space') -> dict[str, Any]:
    """Every trial with its values by draw, and the number of the best of those that met all draws."""
    trials = [
        {
            'point': dict(point),
            'settings': space.overrides(point),
            'values': {
                name: [round(record.metrics['val'][name], 4) for record in records[method, trial]]
                for name in (METRIC, BESIDE)
            },
        }
        for trial, point in enumerate(space.points)
    ]
    longest = max(len(records[method, trial]) for trial in range(len(trials)))
    last = [trial for trial in range(len(trials)) if len(records[method, trial]) == longest]
    return {'best': ranking(records, method, last)[0], 'trials': trials}


def page(methods: Mapping[str, Any], data: str, draws: Sequence[int], command: str) -> str:
    """A table for each method, the chosen trial in bold."""
    from cft.visualization.tables import Table, markdown

    lines = [
        f'# How the settings of the quickstart were chosen: {data}',
        '',
        'The same budget for every method: '
        + ', '.join(f'{trials} trials on {count} draws' for trials, count in ROUNDS)
        + f' of the labels (seeds {draws[0]} to {draws[-1]}, which no comparison uses), those with the best mean '
        'accuracy going on. Accuracy and retrieval are those of the validation images at the end of training, mean ± '
        'standard deviation over draws; a trial whose training failed, as by an infinite loss, has none. The '
        'difference to the first trial, the settings before this tuning, is taken over the draws that both met. '
        'Chosen: the best mean accuracy of those on all draws (bold), of equal ones the first. A chosen mean is too '
        'good by chance, of every method alike; the comparison uses other draws.',
        '',
        f'    {command}',
    ]
    columns = ['settings', 'draws', 'accuracy (%)', 'minus the first', 'mAP@R (%)']
    for method, result in methods.items():
        rows = [row_of(trial, result['trials'][0]) for trial in result['trials']]
        table = Table(columns, rows, {(result['best'], column) for column in range(len(columns))})
        lines += ['', f'## {method}', '', markdown(table)]
    return '\n'.join(lines) + '\n'


def row_of(trial: Mapping[str, Any], first: Mapping[str, Any]) -> list[str]:
    import numpy as np

    settings = ', '.join(f'{name} {value:g}' for name, value in trial['point'].items())
    values, beside = (np.array(trial['values'][name]) for name in (METRIC, BESIDE))
    if not len(values):
        return [settings, '0', 'failed', '-', '-']
    common = min(len(values), len(first['values'][METRIC]))
    told = '-'
    if common and trial is not first:
        # What rounds to zero has no sign.
        told = f'{round(float(np.mean(values[:common] - np.array(first["values"][METRIC][:common]))), 2) + 0.0:+.2f}'
    return [settings, str(len(values)), f'{values.mean():.2f} ± {values.std(ddof=1):.2f}', told, f'{beside.mean():.1f}']


if __name__ == '__main__':
    main()
