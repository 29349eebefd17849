"""Pre-train, fine-tune with every method, compare: the main job on images that ship with a dependency.

python tools/quickstart.py [--short] [--draws N] [--work-dir DIR] [--executor HOW]

Runs that are finished are not repeated: the same command goes on after an interruption, and with more draws it adds
them.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
PRETRAINED, RANDOM = 'sce', 'random'
METRIC, NEIGHBOURS = 'accuracy/top1', 'knn/k20'
# What contrastive features may be better in, where accuracy is the same.
MEASURES = ['retrieval/map_at_r', 'scatter_ratio']
DATA = (
    "scikit-learn's handwritten digits (1,797 real images): 1,000 for pre-training without labels, 5 per class of "
    'these labelled for fine-tuning, 297 for validation, 500 for test.'
)
TIMES = (
    'The time of a step is the median of a run, on one thread, without waiting for data; its ratio is taken within a '
    'draw, whose runs are made one after the other, as many beside each other as there are workers.'
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--short', action='store_true', help='2 draws and short pre-training, to see that it works')
    parser.add_argument('--draws', type=at_least(1), help='number of draws of the labels; default 10, with --short 2')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/quickstart'), help='where results go')
    add_executor(parser)
    args = parser.parse_args()
    args.draws = (2 if args.short else 10) if args.draws is None else args.draws
    return args


def main() -> None:
    args = parse_args()
    started = time.perf_counter()
    with readable_errors():
        from cft.apis.experiments.runs import run_plan
        from cft.evaluation import compare_methods

        records = run_plan(planned_runs(args.draws, args.short), args.work_dir, args.executor)
        tuned = [record for record in records if 'method' in record.labels]
        comparison = compare_methods(tuned, NAMES, BASELINE, METRIC)
        show(args, records, comparison)
    print(f'Time: {time.perf_counter() - started:.0f} s')


def planned_runs(draws: int, short: bool) -> list['Run']:
    """Pre-training, the encoder before it, and every method from what it gives, draw by draw."""
    from cft.experiments import Output, Run

    epochs = {'epochs': 20, 'default_hooks.checkpoint.interval': 20} if short else {}
    neighbours = {'splits': ['test'], 'measures': [NEIGHBOURS]}
    runs = [
        Run(PRETRAINED, 'quickstart/sce_digits', epochs, options=neighbours),
        Run(RANDOM, 'quickstart/sce_digits', epochs, options={**neighbours, 'train': False}),
    ]
    for draw in range(draws):
        for method in NAMES:
            settings: dict[str, object] = {'train_dataloader.dataset.seed': draw}
            if method != SCRATCH:
                settings['checkpoint'] = Output(PRETRAINED)
            config = f'quickstart/{method.removesuffix("_scratch")}_digits'
            labels, options = {'method': method, 'draw': draw}, {'splits': ['test'], 'measures': MEASURES}
            runs.append(Run(f'{method}-{draw}', config, settings, draw, labels, options))
    return runs


def show(args: argparse.Namespace, records: Sequence['RunRecord'], comparison: 'Comparison') -> None:
    """Write the table and the page, print the table and what it supports."""
    from cft.evaluation import statements
    from cft.visualization import tables
    from cft.visualization.comparison_page import comparison_panels, write_comparison
    from cft.visualization.comparison_table import comparison_table
    from cft.visualization.files import save_panels

    tuned = [record for record in records if 'method' in record.labels]
    sentences = [*statements(comparison), about_neighbours(records)]
    table = comparison_table(comparison, MEASURES)
    for name, text in (('table.md', tables.markdown(table)), ('table.csv', tables.csv_text(table))):
        (args.work_dir / name).write_text(f'{text}\n')
    page = write_comparison(
        args.work_dir / 'report.html',
        tuned,
        comparison,
        title='Fine-tuning a self-supervised encoder with 5 labels per class',
        lead=DATA,
        command=shlex.join(['bash', 'tools/quickstart.sh', *sys.argv[1:]]),
        statements=sentences,
        extra=sections(args, records),
    )
    figures = args.work_dir / 'figures'
    save_panels(comparison_panels(tuned, comparison), figures, ('svg', 'png'))
    lines = ['', tables.text(table), table.caption, TIMES, '', 'What holds and what does not:']
    lines += [f'  - {sentence}' for sentence in sentences]
    lines += ['', f'Report: {page}', f'Figures: {figures}', f'Numbers: {args.work_dir / "runs"}/*/result.json']
    print('\n'.join(lines))


def about_neighbours(records: Sequence['RunRecord']) -> str:
    """What the encoder is worth before fine-tuning, beside pixels and random weights."""
    from cft.apis import load_config
    from cft.apis.evaluation.pretraining import neighbours_of_pixels

    found = {record.name: record.metrics['test'].get(NEIGHBOURS) for record in records if not record.labels}
    pixels = neighbours_of_pixels(load_config('quickstart/sce_digits'))
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
    return found if args.short else [*found, embedding_section(args.work_dir, records)]


def embedding_section(work_dir: Path, records: Sequence['RunRecord']) -> 'Section':
    """t-SNE of the test images, before fine-tuning and after it with each method on the first draw."""
    import numpy as np

    from cft.datasets import Digits
    from cft.experiments import folder_of
    from cft.visualization.blocks import Panels, Section
    from cft.visualization.embedding import embedding_panel

    images = Digits(split='test')
    labels, classes = images.get_gt_labels(), images.metainfo['classes']
    names = {PRETRAINED: 'before fine-tuning'} | {f'{key}-0': name for key, name in NAMES.items() if key != SCRATCH}
    panels = []
    for record in records:
        if record.name in names:
            features = np.load(folder_of(work_dir, record) / 'features_test.npy')
            title = f'Features, {names[record.name]}'
            panels.append(embedding_panel(f'tsne-{record.name}', title, features, labels, classes))
    return Section('embedding', 'Features of the test images', [Panels(panels)])


if __name__ == '__main__':
    main()
