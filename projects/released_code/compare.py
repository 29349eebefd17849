"""What does each deviation of released code from its paper change? Switched on alone, paired by draw.

python -m projects.released_code.compare [--draws 20] [--all] [--work-dir DIR] [--executor HOW]

On the quickstart's digits with 5 labels per class, from its pre-trained encoder: the method in the paper's form, then
each deviation alone, then all of them. Test images are read once for each run. Writes digits.md and digits.json into
the work dir; projects/released_code/results holds those of the last measurement. Finished runs are not repeated.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cft_cli.errors import readable_errors
from cft_cli.options import add_executor, at_least

if TYPE_CHECKING:
    from cft.evaluation import Comparison
    from cft.experiments import Run, RunRecord

CONFIGS = 'projects/released_code/configs'
PRETRAINED, PAPER = 'sce', 'paper'
METRICS = {'accuracy/top1': 'accuracy', 'retrieval/map_at_r': 'mAP@R'}
HEAD, BRANCH = 'model.head.', 'model.head.contrastive.'
# As Core-tuning's and COIN's code make a batch of 256 from 4 of 64: here 64 from 4 of 16, as many optimiser steps.
ACCUMULATED = {
    'batch_size': 16,
    'optim_wrapper.accumulative_counts': 4,
    'train_cfg.max_iters': 320,
    'train_cfg.val_interval': 80,
    'default_hooks.checkpoint.interval': 320,
}


PAGE = """# Deviations of released code, each alone

On scikit-learn's digits, 5 labels per class, {draws} draws, from the quickstart's encoder. Measured here by

    {command}

The first row of a table has mean ± standard deviation over draws; the others their paired difference to it with its
95 % interval, and p after Holm's correction for the rows of the table. Bold: p < 0.05.

{tables}
"""


class Variant(NamedTuple):
    """A line of the table: what is switched on, and whether only ``--all`` measures it."""

    title: str
    settings: Mapping[str, object]
    config: str = ''
    small: bool = False


LABELLED = {f'{BRANCH}loss.labelled_mixtures': True}
DETACHED = {f'{HEAD}detach_originals': True, f'{BRANCH}detach_originals': True}
NO_BIAS = Variant('classifier without bias', {f'{HEAD}bias': False}, small=True)
SIXTEENS = Variant('4 x 16 images accumulated', ACCUMULATED, small=True)
METHODS = {'coretuning': 'Core-tuning', 'coin': 'COIN', 'scl': 'SCL'}
VARIANTS: dict[str, dict[str, Variant]] = {
    'coretuning': {
        PAPER: Variant('as in the paper', {}),
        'zero_masked': Variant('hardest positive by zero-masked arg-min', {f'{BRANCH}pairs.zero_masked': True}),
        'any_partner': Variant(
            'hard negatives mixed with any sample', {f'{BRANCH}pairs.any_partner': True}, small=True
        ),
        'labelled': Variant('mixtures as negatives, labels of their own', LABELLED),
        'all_anchors': Variant(
            'the same, all 3N rows anchors', LABELLED | {f'{BRANCH}loss.all_anchors': True}, small=True
        ),
        'divide': Variant('division by 3N', {f'{BRANCH}loss.divide_by_rows': True}),
        'detached': Variant('originals detached', DETACHED),
        'no_bias': NO_BIAS,
        'accumulated': SIXTEENS,
        'released': Variant('all of them, batch 64', {}, 'released'),
        'rescaled': Variant('all of them, batch 64, eta x 30', {f'{BRANCH}loss_weight': 9.0}, 'released', small=True),
    },
    'coin': {
        PAPER: Variant('as in the paper', {}),
        'divide': Variant('division by N', {f'{BRANCH}loss.divide_by_rows': True}),
        'diagonal': Variant('diagonal kept', {f'{BRANCH}loss.keep_diagonal': True}),
        'no_bias': NO_BIAS,
        'accumulated': SIXTEENS,
        'released': Variant('all of them, batch 64', {}, 'released'),
    },
    'scl': {
        PAPER: Variant('as in the paper', {}, small=True),
        'factor': Variant('times tau / 0.07 (SupContrast)', {f'{BRANCH}loss.base_temperature': 0.07}, small=True),
    },
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--draws', type=at_least(3), default=20, help='number of draws of the labels')
    parser.add_argument(
        '--all', action='store_true', help='also the deviations that are likely to matter less, and SCL'
    )
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/released_code'), help='where results go')
    add_executor(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.apis.experiments.runs import run_plan

        records = run_plan(planned_runs(range(args.draws), args.all), args.work_dir, args.executor)
        command = shlex.join(['python', '-m', 'projects.released_code.compare', *sys.argv[1:]])
        print(write_results(records, args.all, args.work_dir, command))


def measured(method: str, everything: bool) -> dict[str, Variant]:
    """The variants of a method that are measured."""
    return {key: variant for key, variant in VARIANTS[method].items() if everything or not variant.small}


def planned_runs(draws: Sequence[int], everything: bool) -> list['Run']:
    """Pre-training, and every variant of every method, draw by draw."""
    from cft.experiments import Output, Run

    runs = [Run(PRETRAINED, 'quickstart/sce_digits', options={'splits': []})]
    for draw in draws:
        for method in VARIANTS:
            for key, variant in measured(method, everything).items():
                name = '_'.join([method, *filter(None, [variant.config]), 'digits'])
                settings = {'checkpoint': Output(PRETRAINED), 'train_dataloader.dataset.seed': draw, **variant.settings}
                labels = {'method': f'{method}/{key}', 'draw': draw}
                options = {'splits': ['test'], 'measures': ['retrieval/map_at_r']}
                runs.append(Run(f'{method}-{key}-{draw}', f'{CONFIGS}/{name}.py', settings, draw, labels, options))
    return runs


def write_results(records: Sequence['RunRecord'], everything: bool, work_dir: Path, command: str) -> str:
    """Write the tables and all values; return the tables."""
    variants = {method: measured(method, everything) for method in METHODS}
    comparisons = {method: compared(records, method, own) for method, own in variants.items() if own}
    tables = '\n\n'.join(table_of(method, comparison) for method, comparison in comparisons.items())
    draws = sorted({record.labels['draw'] for record in records if record.labels})
    page = PAGE.format(command=command, draws=len(draws), tables=tables)
    values = {
        method: {
            result.key.split('/')[1]: {
                metric: [round(value, 10) for value in found.values] for metric, found in result.metrics.items()
            }
            for result in comparison.methods
        }
        for method, comparison in comparisons.items()
    }
    (work_dir / 'digits.md').write_text(page)
    (work_dir / 'digits.json').write_text(f'{json.dumps({"command": command, "draws": draws, "values": values})}\n')
    return page


def compared(records: Sequence['RunRecord'], method: str, variants: Mapping[str, Variant]) -> 'Comparison':
    from cft.evaluation import compare_methods

    names = {f'{method}/{key}': variant.title for key, variant in variants.items()}
    metric, *others = METRICS
    return compare_methods(records, names, f'{method}/{PAPER}', metric, metrics=others)


def table_of(method: str, comparison: 'Comparison') -> str:
    """The paper's form, and what each deviation adds to it; bold where p < 0.05 after Holm's correction."""
    from cft.visualization.tables import Table, markdown

    titles = [f'{name} (%){suffix}' for name in METRICS.values() for suffix in ('', ', p')]
    rows, bold = [], set()
    for number, result in enumerate(comparison.methods):
        cells = [result.name]
        for column, found in enumerate((result.metrics[metric] for metric in METRICS), start=1):
            difference = found.difference
            if difference is None:
                cells += [f'{found.mean:.2f} ± {found.std:.2f}', '']
                continue
            # Without the sign of a zero.
            cells.append(f'{round(difference.mean, 2) + 0.0:+.2f} ± {(difference.high - difference.low) / 2:.2f}')
            cells.append('< 0.001' if found.adjusted_p < 0.001 else f'{found.adjusted_p:.3f}')
            if found.verdict in ('above', 'below'):
                bold.add((number, 2 * column - 1))
        rows.append(cells)
    return markdown(Table([METHODS[method], *titles], rows, bold))


if __name__ == '__main__':
    main()
