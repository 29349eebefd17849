"""Does Core-tuning help adversarial training? CE, AT-CE, AT-CE-Con and AT-Core at one strength, over paired draws.

python tools/analysis/robust_accuracy.py [--data fashion] [--epsilon 24] [--draws 3] [--images 20] [--queries 5000]

On the quickstart's digits or Fashion-MNIST with 5 labels per class, from its pre-trained encoder (SCE), each method is
trained on each draw; images of the test split, the same for all, are then classified as they are and under attack:
PGD-20 with three random starts and, with the extra robust, APGD-CE, APGD-DLR and Square. Settings are those of
configs/quickstart, which were chosen without attacks. Writes robust.{md,json} into the work dir; configs/quickstart
holds those of the last measurement. Runs that are finished are not repeated.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import add_executor, at_least, readable_errors

if TYPE_CHECKING:
    from cft.experiments import Run, RunRecord

METHODS = {'ce': 'CE', 'at_ce': 'AT-CE', 'at_con': 'AT-CE-Con', 'at_core': 'AT-Core'}
CONFIGS = {'ce': 'ce_{}', 'at_ce': 'ce_{}_adv', 'at_con': 'scl_{}_adv', 'at_core': 'coretuning_{}_adv'}
PRETRAINED = 'sce'
STEPS, RESTARTS = 20, 3
CLEAN, ROBUST = 'robust/clean', f'robust/pgd{STEPS}'
AUTOATTACK = 'robust/autoattack'
COLUMNS = {CLEAN: 'clean', ROBUST: f'PGD-{STEPS}', AUTOATTACK: 'APGD-CE, APGD-DLR, Square'}
# What the paper's table 5 says, as differences of rows.
CLAIMS = (('at_ce', 'ce'), ('at_con', 'at_ce'), ('at_core', 'at_ce'), ('at_core', 'at_con'))

PAGE = """# Adversarial training with contrast

On {data} with 5 labels per class, from the quickstart's encoder (SCE): training and attack at {norm}, epsilon
{epsilon:g} of 255; {images} test images, the same for all; {draws} draws of labels and seeds. Measured here by

    {command}

Accuracy in per cent, mean over draws, standard deviation in brackets:

{table}

{found}

Core-tuning's table 5 has AT-ours above AT-CE-Con above AT-CE in both columns, robust and clean, on three data sets;
those are other images, networks and strengths. {attacks}
"""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', choices=('digits', 'fashion'), default='digits')
    parser.add_argument(
        '--epsilon', type=at_least(1), help='of training and attack, of 255; default: that of the config'
    )
    parser.add_argument('--draws', type=at_least(2), default=3, help='number of draws of the labels')
    parser.add_argument('--images', type=at_least(1), default=20, help='attacked test images of each class')
    parser.add_argument('--queries', type=at_least(0), default=5000, help='of Square; 0 leaves out all but PGD')
    parser.add_argument('--work-dir', type=Path, default=None, help='default: work_dirs/robust_accuracy/DATA')
    add_executor(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.apis.evaluation.toolbox_attacks import require_toolbox
        from cft.apis.experiments.runs import run_plan

        if args.queries:
            require_toolbox()
        folder = args.work_dir or Path('work_dirs/robust_accuracy') / args.data
        runs = planned_runs(args.data, range(args.draws), args.images, args.queries, args.epsilon)
        records = run_plan(runs, folder, args.executor)
        print('\n'.join(write_results(records, runs, args, folder, shlex.join(['python', *sys.argv]))))


def planned_runs(data: str, draws: Sequence[int], images: int, queries: int, epsilon: int | None = None) -> list['Run']:
    """Pre-training, and every method on every draw; in training the attack steps in proportion to its strength."""
    from cft.apis import load_config
    from cft.experiments import Output, Run

    trained = load_config(f'quickstart/{CONFIGS["at_ce"].format(data)}').model.adversarial
    strength = {}
    if epsilon is not None:
        step = trained.step * epsilon / trained.epsilon
        strength = {'model.adversarial.epsilon': epsilon, 'model.adversarial.step': step}
    attack = {
        'norm': trained.norm, 'epsilon': epsilon or trained.epsilon, 'num_steps': [STEPS], 'restarts': RESTARTS
    }  # fmt: skip
    if queries:
        attack |= {'autoattack': True, 'queries': queries}
    runs = [Run(PRETRAINED, f'quickstart/sce_{data}', options={'splits': []})]
    for draw in draws:
        for method, config in CONFIGS.items():
            config = f'quickstart/{config.format(data)}'
            test = load_config(config).test_dataloader.dataset.to_dict()
            test = test['dataset'] if test['type'] == 'cft.StratifiedSubset' else test
            settings = {
                'checkpoint': Output(PRETRAINED),
                'train_dataloader.dataset.seed': draw,
                'test_dataloader.dataset': {
                    '_delete_': True, 'type': 'cft.StratifiedSubset', 'per_class': images, 'seed': 0, 'dataset': test
                },
            }  # fmt: skip
            settings |= strength if method != 'ce' else {}
            options = {'splits': ['test'], 'measures': [], 'attack': attack}
            runs.append(Run(f'{method}-{draw}', config, settings, draw, {'method': method, 'draw': draw}, options))
    return runs


def write_results(
    records: Sequence['RunRecord'], runs: Sequence['Run'], args: argparse.Namespace, folder: Path, command: str
) -> list[str]:
    """Write numbers and page; lines for the terminal."""
    from cft.visualization import tables

    values = values_of(records)
    attack = runs[-1].options['attack']
    table, found = result_table(values), told_differences(values)
    parts = f'; Square has {attack["queries"]:,} queries' if attack.get('autoattack') else ''
    page = PAGE.format(
        data={'digits': "scikit-learn's digits", 'fashion': 'Fashion-MNIST'}[args.data], norm=attack['norm'],
        epsilon=attack['epsilon'], images=10 * args.images, draws=args.draws, command=command,
        table=tables.markdown(table), found='\n'.join(f'- {sentence}' for sentence in found),
        attacks=f'PGD-{STEPS} has {RESTARTS} random starts and steps of 2.5 epsilon / {STEPS}{parts}.',
    )  # fmt: skip
    (folder / 'robust.md').write_text(page)
    numbers = {'command': command, 'attack': attack, 'images': 10 * args.images, 'values': values}
    (folder / 'robust.json').write_text(f'{json.dumps(numbers)}\n')
    return [tables.text(table), '', *found, f'Page and numbers: {folder}']


def values_of(records: Sequence['RunRecord']) -> dict[str, dict[str, list[float]]]:
    """For each column and method the values draw by draw."""
    ordered = sorted((record for record in records if record.labels), key=lambda record: record.labels['draw'])
    columns = [column for column in COLUMNS if all(column in record.metrics['test'] for record in ordered)]
    return {
        column: {
            method: [round(r.metrics['test'][column], 4) for r in ordered if r.labels['method'] == method]
            for method in METHODS
        }
        for column in columns
    }


def result_table(values: dict[str, dict[str, list[float]]]) -> Any:
    """A row for each method."""
    import statistics

    from cft.visualization.tables import Table

    rows = [
        [
            name,
            *(f'{statistics.mean(found[key]):.1f} ({statistics.stdev(found[key]):.1f})' for found in values.values()),
        ]
        for key, name in METHODS.items()
    ]
    return Table(['method', *(COLUMNS[column] for column in values)], rows)


def told_differences(values: dict[str, dict[str, list[float]]]) -> list[str]:
    """Each claim in each column, with its interval, and whether it is seen."""
    from cft.evaluation import paired_difference

    sentences = []
    for one, other in CLAIMS:
        parts = []
        for column, found in values.items():
            difference = paired_difference(found[one], found[other])
            verdict = 'above' if difference.low > 0 else 'below' if difference.high < 0 else 'not distinguishable'
            parts.append(
                f'{COLUMNS[column]} {difference.mean:+.1f} ({difference.low:+.1f} to {difference.high:+.1f}, {verdict})'
            )
        sentences.append(f'{METHODS[one]} minus {METHODS[other]}, points with 95 % interval: {"; ".join(parts)}.')
    return sentences


if __name__ == '__main__':
    main()
