"""Few-shot accuracy on classes that training has not seen: CE, SupCon and SCHaNe on Fashion-MNIST, and SCHaNe's lambda.

python tools/analysis/few_shot.py [--seeds 3] [--lambda-seeds 3] [--tasks 300] [--work-dir DIR] [--executor HOW]

Five of the ten classes are held out, from pre-training with SCE as from fine-tuning; the seeds of fine-tuning are the
same for all methods. What the features are worth is asked by tasks of the test images of these five: one or five
labelled images of each, 15 questions of each. Tau is 0.5 and lambda 0.9 as SCHaNe has them, and lambda over the grid
of its figure 2, whose 0 is cross-entropy on two views. Writes few_shot.{md,json} into the work dir; configs/quickstart
holds those of the last measurement. Runs that are finished are not repeated.
"""

import argparse
import json
import math
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import add_executor, at_least, readable_errors

if TYPE_CHECKING:
    from cft.experiments import Run, RunRecord
    from cft.visualization.tables import Table

CONFIGS = {'ce': 'quickstart/ce_fashion', 'supcon': 'quickstart/schane_fashion', 'schane': 'quickstart/schane_fashion'}
# Figure 2 of SCHaNe.
LAMBDAS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
BEST = 0.9
TEMPERATURE = 0.5
HELD_OUT, NUM_CLASSES = 5, 10
STEPS = 40
SHOTS, HEADS = (1, 5), ('logistic', 'nearest_mean', 'cosine')
METHODS = {'ce': 'CE', 'supcon': 'CE + SupCon', f'schane {BEST}': 'CE + SCHaNe'}
GRID = {f'schane {value}': f'{value:g}' for value in LAMBDAS}

PAGE = """# Few-shot tasks of new classes

Fashion-MNIST; five of the ten classes ({held_out}) are held out from pre-training (SCE, 30 epochs on the 1,000 training
images of the other five) and from fine-tuning ({steps} steps of 64 of the same images, labelled). Tasks are of 200 test
images of each of the five: 5-way, 15 questions of each class, {tasks} tasks a run, 3 runs, mean of the runs. SupCon and
SCHaNe: lambda {best}, tau {tau}, on the encoder's features of two views, as published; nothing was chosen here.
CE sees one view of each image, the other two, so that a difference is one of both; lambda 0 is CE on two.
Measured by

    {command}

{table}

{caption}

{found}

## Lambda, SCHaNe's figure 2

5-way 1-shot, logistic regression. Paper: CIFAR-FS, BEiT-3; it prints the values of three points.

{curve}

{curve_caption}

{curve_found}

`few_shot.json` has every run, with the median run and half its 95 % interval, as SCHaNe reports.
"""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seeds', type=at_least(2), default=3, help='number of seeds of each fine-tuning')
    parser.add_argument('--lambda-seeds', type=at_least(1), default=3, help='the same for the grid of lambda')
    parser.add_argument('--tasks', type=at_least(2), default=300, help='tasks of a run')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/few_shot'), help='where results go')
    add_executor(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.apis.experiments.runs import run_plan

        records = run_plan(planned_runs(args.seeds, args.lambda_seeds, args.tasks), args.work_dir, args.executor)
        command = shlex.join(['python', *sys.argv])
        print('\n'.join(write_results(records, args.lambda_seeds, args.tasks, args.work_dir, command)))


def planned_runs(seeds: int, lambda_seeds: int, tasks: int) -> list['Run']:
    """Pre-training without the held-out classes, what is compared from it, and lambda at the end."""
    from cft.experiments import Output, Run

    data = data_of(tasks)
    known = data['train_dataloader.dataset']
    runs = [Run('sce', 'quickstart/sce_fashion', pretraining(known), options={'splits': []})]
    others = [method for method in GRID if method not in METHODS]
    for methods, number in ((METHODS, seeds), (others, lambda_seeds)):
        for seed in range(number):
            for method in methods:
                name, _, weight = method.partition(' ')
                settings = {'checkpoint': Output('sce'), **data, **schedule(), **loss_of(name, weight)}
                if name != 'ce':
                    settings['train_dataloader.dataset'] = two_views(known)
                if method not in METHODS:
                    settings['test_cfg'] = {**data['test_cfg'], 'shots': (1,), 'heads': HEADS[:1]}
                labels = {'method': method, 'draw': seed}
                runs.append(Run(f'{name}{weight}-{seed}', CONFIGS[name], settings, seed, labels, {'splits': ['test']}))
    return runs


def held_out() -> list[str]:
    """Names of the classes that are kept for the tasks, drawn once."""
    import numpy as np
    from mmpretrain.datasets.categories import FASHIONMNIST_CATEGORITES

    return sorted(str(name) for name in np.random.default_rng(0).permutation(FASHIONMNIST_CATEGORITES)[:HELD_OUT])


def data_of(tasks: int) -> dict[str, Any]:
    """Training images of the known classes, test images of the others, and the tasks; nothing is validated."""
    from cft.apis import load_config

    cfg = load_config('quickstart/ce_fashion').to_dict()
    names = held_out()
    inner = {split: cfg[f'{split}_dataloader']['dataset'] for split in ('train', 'test')}
    return {
        'train_dataloader.dataset': dict(type='cft.ClassSubset', without=names, dataset=inner['train']['dataset']),
        **dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator')),
        'test_dataloader.dataset': dict(type='cft.ClassSubset', classes=names, dataset=inner['test']),
        'test_cfg': dict(type='cft.FewShotTestLoop', shots=SHOTS, heads=HEADS, tasks=tasks),
        'test_evaluator': [],
        'model.head.num_classes': NUM_CLASSES - HELD_OUT,
    }


def pretraining(dataset: Mapping[str, Any]) -> dict[str, Any]:
    """The same images, with the two augmentations of SCE."""
    from cft.apis import load_config

    pipeline = load_config('quickstart/sce_fashion').to_dict()['train_dataloader']['dataset']['pipeline']
    return {'train_dataloader.dataset': {**dataset, 'dataset': {**dataset['dataset'], 'pipeline': pipeline}}}


def two_views(dataset: Mapping[str, Any]) -> dict[str, Any]:
    from cft.apis import load_config

    pipeline = load_config('quickstart/schane_fashion').to_dict()['two_view_pipeline']
    return {**dataset, 'dataset': {**dataset['dataset'], 'pipeline': pipeline}}


def schedule() -> dict[str, Any]:
    return {
        'train_cfg.max_iters': STEPS,
        'default_hooks.checkpoint.interval': STEPS,
        'optim_wrapper.optimizer.lr': 0.05,
    }


def loss_of(name: str, weight: str) -> dict[str, Any]:
    """The contrastive loss, and lambda."""
    if name == 'ce':
        return {}
    value = float(weight or BEST)
    kind = {'supcon': 'cft.SupConLoss', 'schane': 'cft.SCHaNeLoss'}[name]
    return {
        'model.head.contrastive.loss.type': kind,
        'model.head.contrastive.loss.temperature': TEMPERATURE,
        'model.head.loss_weights': dict(loss_ce=1 - value, loss_con=value),
    }


def write_results(
    records: Sequence['RunRecord'], lambda_seeds: int, tasks: int, work_dir: Path, command: str
) -> list[str]:
    """Write numbers and page; lines for the terminal."""
    from cft.visualization import tables

    records = [record for record in records if record.labels]
    table, found = method_table(records)
    curve, curve_found = lambda_table([record for record in records if record.labels['draw'] < lambda_seeds])
    runs = [{**record.labels, **record.metrics['test']} for record in records]
    numbers = {'command': command, 'held out': held_out(), 'tasks': tasks, 'runs': runs}
    (work_dir / 'few_shot.json').write_text(f'{json.dumps(numbers, indent=1)}\n')
    page = PAGE.format(
        command=command, held_out=', '.join(held_out()), steps=STEPS, tasks=f'{tasks:,}', best=BEST, tau=TEMPERATURE,
        table=tables.markdown(table), caption=table.caption, found=found,
        curve=tables.markdown(curve), curve_caption=curve.caption, curve_found=curve_found,
    )  # fmt: skip
    (work_dir / 'few_shot.md').write_text(page)
    return [tables.text(table), found, '', tables.text(curve), curve_found, f'Page and numbers: {work_dir}']


def method_table(records: Sequence['RunRecord']) -> tuple['Table', str]:
    """A line for shots and head: cross-entropy's mean, and what the others add."""
    from cft.evaluation import compare_methods
    from cft.evaluation.few_shot import few_shot_name
    from cft.visualization.tables import Table

    own = [record for record in records if record.labels['method'] in METHODS]
    rows: list[list[str]] = []
    bold, told = set(), []
    for shots in SHOTS:
        for head in HEADS:
            name = few_shot_name(shots, head)
            comparison = compare_methods(own, METHODS, 'ce', name, 'test', metrics=[])
            cells = [f'{shots}-shot, {head.replace("_", " ")}', f'{comparison.method("ce").metrics[name].mean:.2f}']
            for column, key in enumerate(list(METHODS)[1:], start=2):
                result = comparison.method(key).metrics[name]
                cells.append(with_difference(result))
                if result.verdict in ('above', 'below'):
                    bold.add((len(rows), column))
                    told.append(f'{METHODS[key]} is {result.verdict} CE in {cells[0]}.')
            rows.append(cells)
    seeds = len({record.labels['draw'] for record in own})
    caption = (
        f'Per cent, mean of {seeds} seeds; in brackets the paired difference to CE with its 95 % interval. Bold: '
        "p < 0.05 after Holm's correction for the methods."
    )
    return Table(['tasks', *METHODS.values()], rows, bold, caption), ' '.join(told) or 'No difference to CE is certain.'


def lambda_table(records: Sequence['RunRecord']) -> tuple['Table', str]:
    """A line for each lambda: mean, and the difference to lambda 0."""
    from cft.evaluation import compare_methods
    from cft.evaluation.few_shot import few_shot_name
    from cft.visualization.tables import Table

    own, name = [record for record in records if record.labels['method'] in GRID], few_shot_name(1, 'logistic')
    base = next(iter(GRID))
    comparison = compare_methods(own, GRID, base, name, 'test', metrics=[])
    # CE is 83.68 in its table 1 and 82.68 in its table 3; the text tells the other two.
    paper = {'schane 0.0': '83.68 / 82.68', 'schane 0.9': '87.00', 'schane 1.0': '84.3'}
    rows = []
    for key, title in GRID.items():
        result = comparison.method(key).metrics[name]
        cell = f'{result.mean:.2f}' if key == base else with_difference(result)
        rows.append([title, cell, paper.get(key, '')])
    means = {key: comparison.method(key).metrics[name].mean for key in GRID}
    best = max(means, key=lambda key: means[key])
    sure = best != base and comparison.method(best).metrics[name].verdict == 'above'
    seeds = len(comparison.method(base).metrics[name].values)
    found = (
        f'The highest mean here is at lambda {GRID[best]}, {"certainly" if sure else "not certainly"} above lambda 0.'
    )
    caption = (
        f'Per cent, mean of {seeds} seeds; in brackets the paired difference to lambda 0 with its 95 % interval.'
        if seeds > 1
        else 'Per cent, of one seed, which has no interval; in brackets the difference to lambda 0.'
    )
    return Table(['lambda', 'measured here', 'paper'], rows, set(), caption), found


def with_difference(result: Any) -> str:
    """Mean, and the difference with its interval if there is one."""
    half = (result.difference.high - result.difference.low) / 2
    interval = f' ± {half:.2f}' if math.isfinite(half) else ''
    return f'{result.mean:.2f} ({result.difference.mean:+.2f}{interval})'


if __name__ == '__main__':
    main()
