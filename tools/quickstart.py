"""Pre-train, fine-tune with every method, compare: the main job on images that ship with a dependency.

python tools/quickstart.py [--short | --all] [--data fashion] [--draws N] [--work-dir DIR] [--executor HOW]

Runs that are finished are not repeated: the same command goes on after an interruption, and with more draws it adds
them.
"""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _cli import add_executor, at_least, readable_errors

if TYPE_CHECKING:
    from cft.evaluation import Comparison
    from cft.experiments import Run, RunRecord
    from cft.visualization.blocks import Section

BASELINE, SCRATCH = 'ce', 'ce_scratch'
NAMES = {
    BASELINE: 'CE',
    SCRATCH: 'CE from scratch',
    'scl': 'SCL',
    'schane': 'SCHaNe',
    'coin': 'COIN',
    'coretuning': 'Core-tuning',
}
# With --all: the baselines of the papers' comparisons.
BASELINES = {
    'l2sp': 'L2-SP',
    'delta': 'DELTA',
    'bss': 'BSS',
    'rifle': 'RIFLE',
    'noisytune': 'Noisy-Tune',
    'mm': 'M&M',
    'bituning': 'Bi-tuning',
    'triplet': 'CE + triplet',
    'ce_simclr': 'CE + SimCLR',
}
PRETRAINED, RANDOM = 'sce', 'random'
METRIC, NEIGHBOURS = 'accuracy/top1', 'knn/k20'
# What contrastive features may be better in, where accuracy is the same.
RETRIEVAL = 'retrieval/map_at_r'
MEASURES = [RETRIEVAL, 'scatter_ratio']
DATA = {
    'digits': "scikit-learn's handwritten digits (1,797 real images): 1,000 for pre-training without labels, 5 per "
    'class of these labelled for fine-tuning, 297 for validation, 500 for test.',
    'fashion': "Fashion-MNIST of Debian's package (70,000 real images): 2,000 for pre-training without labels, 5 per "
    'class of these labelled for fine-tuning, 1,000 for validation, 2,000 for test.',
}
# Of a picture of the features.
MOST_IMAGES = 2000
TIMES = (
    'The time of a step is the median of a run, on one thread, without waiting for data; its ratio is taken within a '
    'draw, whose runs are made one after the other, as many beside each other as there are workers.'
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument('--short', action='store_true', help='2 draws and short pre-training, to see that it works')
    extent.add_argument('--all', action='store_true', help="20 draws, with all baselines of the papers' comparisons")
    parser.add_argument('--data', choices=list(DATA), default='digits', help='the images')
    others = [name for name in NAMES | BASELINES if name != BASELINE]
    parser.add_argument('--without', nargs='+', default=[], choices=others, metavar='METHOD', help='leave these out')
    parser.add_argument('--draws', type=at_least(1), help='number of draws of the labels; default 10')
    parser.add_argument('--work-dir', type=Path, help='where results go; default work_dirs/quickstart[_DATA]')
    add_executor(parser)
    args = parser.parse_args()
    args.draws = (2 if args.short else 20 if args.all else 10) if args.draws is None else args.draws
    args.work_dir = args.work_dir or Path('work_dirs', 'quickstart' + f'_{args.data}' * (args.data != 'digits'))
    return args


def main() -> None:
    args = parse_args()
    started = time.perf_counter()
    with readable_errors():
        from cft.apis.experiments.runs import run_plan
        from cft.evaluation import compare_methods

        names = NAMES | BASELINES if args.all else NAMES
        names = {method: name for method, name in names.items() if method not in args.without}
        runs = planned_runs(list(names), args.draws, args.short, args.data)
        records = run_plan(runs, args.work_dir, args.executor)
        tuned = [record for record in records if 'method' in record.labels]
        comparison = compare_methods(tuned, names, BASELINE, METRIC)
        show(args, records, comparison)
    print(f'Time: {time.perf_counter() - started:.0f} s')


def planned_runs(methods: Sequence[str], draws: int, short: bool, data: str) -> list['Run']:
    """Pre-training, the encoder before it, and every method from what it gives, draw by draw."""
    from cft.experiments import Output, Run

    epochs = {'epochs': 20, 'default_hooks.checkpoint.interval': 20} if short else {}
    neighbours = {'splits': ['test'], 'measures': [NEIGHBOURS]}
    runs = [
        Run(PRETRAINED, f'quickstart/sce_{data}', epochs, options=neighbours),
        Run(RANDOM, f'quickstart/sce_{data}', epochs, options={**neighbours, 'train': False}),
    ]
    for draw in range(draws):
        for method in methods:
            settings: dict[str, object] = {'train_dataloader.dataset.seed': draw}
            if method != SCRATCH:
                settings['checkpoint'] = Output(PRETRAINED)
            labels, options = {'method': method, 'draw': draw}, {'splits': ['test'], 'measures': MEASURES}
            runs.append(Run(f'{method}-{draw}', f'quickstart/{method}_{data}', settings, draw, labels, options))
    return runs


def show(args: argparse.Namespace, records: Sequence['RunRecord'], comparison: 'Comparison') -> None:
    """Write the table and the page, print the table and what it supports."""
    from cft.evaluation import statements
    from cft.visualization import tables
    from cft.visualization.comparison_page import comparison_panels, write_comparison
    from cft.visualization.comparison_table import comparison_table
    from cft.visualization.files import save_panels

    tuned = [record for record in records if 'method' in record.labels]
    sentences = [*statements(comparison), about_retrieval(comparison), about_neighbours(records, args.data)]
    table = comparison_table(comparison, MEASURES, compared=[RETRIEVAL])
    command = shlex.join(['bash', 'tools/quickstart.sh', *sys.argv[1:]])
    for name, text in (('table.md', tables.markdown(table)), ('table.csv', tables.csv_text(table))):
        (args.work_dir / name).write_text(f'{text}\n')
    (args.work_dir / 'table.json').write_text(f'{json.dumps(numbers(comparison, command, sentences), indent=1)}\n')
    page = write_comparison(
        args.work_dir / 'report.html',
        tuned,
        comparison,
        title='Fine-tuning a self-supervised encoder with 5 labels per class',
        lead=DATA[args.data],
        command=command,
        statements=sentences,
        extra=sections(args, records),
    )
    figures = args.work_dir / 'figures'
    save_panels(comparison_panels(tuned, comparison), figures, ('svg', 'png'))
    lines = ['', tables.text(table), table.caption, TIMES, '', 'What holds and what does not:']
    lines += [f'  - {sentence}' for sentence in sentences]
    lines += ['', f'Report: {page}', f'Figures: {figures}', f'Numbers: {args.work_dir / "runs"}/*/result.json']
    print('\n'.join(lines))


def numbers(comparison: 'Comparison', command: str, sentences: Sequence[str]) -> dict[str, Any]:
    """Every value by draw, and what the table says of it, for a program."""
    methods = {}
    for method in comparison.methods:
        metrics = {}
        for name in (METRIC, *MEASURES):
            result = method.metrics[name]
            metrics[name] = {'mean': result.mean, 'std': result.std, 'values': [round(v, 4) for v in result.values]}
            if result.difference is not None:
                metrics[name] |= {'difference': asdict(result.difference), 'adjusted_p': result.adjusted_p}
        methods[method.key] = {'name': method.name, 'step_time_ratio': method.step_time_ratio, 'metrics': metrics}
    pairs = comparison.method(comparison.baseline).pairs
    return {'command': command, 'draws': pairs, 'methods': methods, 'statements': list(sentences)}


def about_retrieval(comparison: 'Comparison') -> str:
    """What the features are worth where images of the same class are looked for, against the baseline."""
    told: dict[str, list[str]] = {'above': [], 'below': [], 'not distinguishable': [], 'too few draws': []}
    for method in comparison.methods:
        result = method.metrics[RETRIEVAL]
        if result.difference is not None:
            told[result.verdict].append(f'{method.name} {result.difference.mean:+.1f}')
    base = comparison.method(comparison.baseline)
    groups = '; '.join(f'{verdict}: {", ".join(found)}' for verdict, found in told.items() if found)
    return (
        f'Retrieval, mAP@R of the features among the test images, where {base.name} has '
        f'{base.metrics[RETRIEVAL].mean:.1f} %; by the same rule, {groups}.'
    )


def about_neighbours(records: Sequence['RunRecord'], data: str) -> str:
    """What the encoder is worth before fine-tuning, beside pixels and random weights."""
    from cft.apis import load_config
    from cft.apis.evaluation.pretraining import neighbours_of_pixels

    found = {record.name: record.metrics['test'].get(NEIGHBOURS) for record in records if not record.labels}
    pixels = neighbours_of_pixels(load_config(f'quickstart/sce_{data}'))
    return (
        f'Before any label is used for training, 20 nearest neighbours on the pre-trained features classify '
        f'{found[PRETRAINED]:.1f} % of the test images, on a random encoder {found[RANDOM]:.1f} %, on raw pixels '
        f'{pixels:.1f} %; one measurement, without an error bar.'
    )


def sections(args: argparse.Namespace, records: Sequence['RunRecord']) -> list['Section']:
    """Pre-training, the time of a step and, if it is not the short run, the features before and after fine-tuning."""
    from cft.visualization.blocks import Panels, Prose, Section
    from cft.visualization.curves import curve_panels

    pretraining = next(record for record in records if record.name == PRETRAINED)
    told = 'The targets of the loss move with the encoder, so its level is no measure of quality.'
    found = [
        Section('steps', 'Time of a step', [Prose(TIMES)]),
        Section('pretraining', 'Pre-training', [Prose(told), Panels(curve_panels({'SCE': [pretraining.curves]}))]),
    ]
    return found if args.short else [*found, embedding_section(args, records)]


def embedding_section(args: argparse.Namespace, records: Sequence['RunRecord']) -> 'Section':
    """t-SNE of the test images, before fine-tuning and after it with each method on the first draw."""
    import numpy as np

    from cft.apis import load_config
    from cft.apis.evaluation.data import build_dataset, evaluated_split
    from cft.experiments import folder_of
    from cft.visualization.blocks import Panels, Section
    from cft.visualization.embedding import embedding_panel

    names = {PRETRAINED: 'before fine-tuning'} | {f'{key}-0': name for key, name in NAMES.items() if key != SCRATCH}
    panels = []
    for record in records:
        if record.name in names:
            cfg = load_config(record.config)
            images = build_dataset(cfg, evaluated_split(cfg, 'test')[0])
            features = np.load(folder_of(args.work_dir, record) / 'features_test.npy')[:MOST_IMAGES]
            labels, title = images.get_gt_labels()[:MOST_IMAGES], f'Features, {names[record.name]}'
            panels.append(embedding_panel(f'tsne-{record.name}', title, features, labels, images.metainfo['classes']))
    return Section('embedding', 'Features of the test images', [Panels(panels)])


if __name__ == '__main__':
    main()
