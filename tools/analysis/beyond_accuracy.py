"""What contrastive fine-tuning gives beyond accuracy: every method against cross-entropy over paired draws.

python tools/analysis/beyond_accuracy.py [--draws 30] [--work-dir DIR] [--executor HOW]

On the quickstart's digits with 5 labels per class, from its pre-trained encoder, each method is trained on each draw
four times: on these labels; with 20 % and with 40 % of them wrong; and without three of the ten classes, which differ
from draw to draw. Settings are those of configs/quickstart, chosen on validation images; test images are read once.
Writes beyond_accuracy.{md,json,svg} and s_dbw.svg into the work dir; configs/quickstart holds those of the last
measurement. Runs that are finished are not repeated.
"""

import argparse
import functools
import json
import shlex
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import add_executor, at_least, readable_errors

if TYPE_CHECKING:
    from cft.evaluation import Comparison
    from cft.experiments import Run, RunRecord
    from cft.visualization.tables import Table

BASELINE = 'ce'
METHODS = {BASELINE: 'CE', 'scl': 'SCL', 'schane': 'SCHaNe', 'coin': 'COIN', 'coretuning': 'Core-tuning'}
PRETRAINED = 'sce'
CLEAN, UNSEEN = 'clean', 'unseen'
NOISE = {'noisy20': 0.2, 'noisy40': 0.4}
NUM_UNSEEN, NUM_CLASSES = 3, 10
SPLITS = ('train', 'val', 'test')
S_DBW = ('s_dbw/halkidi', 's_dbw/tong')
# Also where COIN's stages meet, step 40 of 80.
STEPS_BETWEEN = 10
CURVES = {'ce': 'CE', 'scl': 'SCL', 'coin': 'COIN'}


PAGE = """# What contrastive fine-tuning gives beyond accuracy

On scikit-learn's digits, 5 labels per class, from the quickstart's encoder. Settings were chosen on validation images
without wrong labels and with all classes; test images were read once. Measured here by

    {command}

{table}

{caption}

{found}

![Differences to cross-entropy](beyond_accuracy.svg)

Nearest neighbours and means are found by cosine similarity of the encoder's features. Unknown classes: three of the
ten digits, others in each draw, are left out of fine-tuning, and their test images are told from those of the other
seven by the largest probability, or by the similarity to the nearest labelled image. New classes: the test images of
these three among themselves. Pre-training has seen their training images, without labels.

## S_Dbw through COIN's stages

{claim}

![S_Dbw of the validation images](s_dbw.svg)

S_Dbw is of the encoder's features as they are, as in COIN; smaller is better. Mean over draws, with its 95 % interval.
"""


class Row(NamedTuple):
    """A line of the table: a metric of the runs of a setting, on a split."""

    name: str
    setting: str
    metric: str
    split: str = 'test'
    factor: float = 1.0
    smaller: bool = False


ROWS = (
    Row('accuracy (%)', CLEAN, 'accuracy/top1'),
    Row('retrieval mAP@R (%)', CLEAN, 'retrieval/map_at_r'),
    Row('kNN, labelled images, k = 20 (%)', CLEAN, 'knn/k20'),
    Row('calibration error ECE (%)', CLEAN, 'calibration/ece', factor=100, smaller=True),
    Row('negative log-likelihood (nats)', CLEAN, 'calibration/nll', smaller=True),
    Row('accuracy, 20 % wrong labels (%)', 'noisy20', 'accuracy/top1'),
    Row('accuracy, 40 % wrong labels (%)', 'noisy40', 'accuracy/top1'),
    Row('unknown classes by confidence, AUROC (%)', UNSEEN, 'ood/auroc_confidence', factor=100),
    Row('unknown classes by nearest image, AUROC (%)', UNSEEN, 'ood/auroc_nearest', factor=100),
    Row('new classes, nearest mean of 5 images (%)', UNSEEN, 'nearest_mean/top1', 'new classes'),
    Row('new classes, retrieval mAP@R (%)', UNSEEN, 'retrieval/map_at_r', 'new classes'),
    Row('S_Dbw (Halkidi)', CLEAN, 's_dbw/halkidi', smaller=True),
    Row("S_Dbw (COIN's code)", CLEAN, 's_dbw/tong', smaller=True),
)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--draws', type=at_least(3), default=30, help='number of draws of the labels')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/beyond_accuracy'), help='where results go')
    add_executor(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.apis.experiments.new_classes import WORK
        from cft.apis.experiments.runs import run_plan

        records = run_plan(planned_runs(range(args.draws)), args.work_dir, args.executor, work=WORK)
        print('\n'.join(write_results(records, args.work_dir, shlex.join(['python', *sys.argv]))))


def planned_runs(draws: Sequence[int]) -> list['Run']:
    """Pre-training, and every method in every setting, draw by draw."""
    from cft.experiments import Output, Run

    before = {'splits': ['val', 'test'], 'measures': ['knn/k20', *S_DBW]}
    runs = [Run(PRETRAINED, 'quickstart/sce_digits', options=before)]
    for draw in draws:
        for setting in (CLEAN, *NOISE, UNSEEN):
            for method in METHODS:
                config = f'quickstart/{method}_digits'
                settings = {'checkpoint': Output(PRETRAINED), **changes(config, setting, draw)}
                measures = ['retrieval/map_at_r', 'knn/k20', *S_DBW] if setting == CLEAN else []
                labels = {'method': method, 'draw': draw, 'setting': setting}
                options = {'splits': ['test'], 'measures': measures}
                runs.append(Run(f'{method}-{draw}-{setting}', config, settings, draw, labels, options))
    return runs


def changes(config: str, setting: str, draw: int) -> dict[str, Any]:
    """Config settings that make a setting of a draw."""
    datasets, hooks = parts_of_config(config)
    datasets = {**datasets, 'train': {**datasets['train'], 'seed': draw}}
    if setting in NOISE:
        noisy = {'type': 'cft.NoisyLabels', 'rate': NOISE[setting], 'seed': draw, 'dataset': datasets['train']}
        return {'train_dataloader.dataset': noisy}
    if setting == UNSEEN:
        without = unseen_classes(draw)
        subsets = {
            f'{split}_dataloader.dataset': {'type': 'cft.ClassSubset', 'without': without, 'dataset': dataset}
            for split, dataset in datasets.items()
        }
        return {**subsets, 'model.head.num_classes': NUM_CLASSES - NUM_UNSEEN}
    hook = {'type': 'cft.EmbeddingMeasuresHook', 'measures': list(S_DBW)}
    return {
        'train_dataloader.dataset.seed': draw,
        'train_cfg.val_interval': STEPS_BETWEEN,
        'custom_hooks': [*hooks, hook],
    }


@functools.cache
def parts_of_config(config: str) -> tuple[dict[str, dict], list[dict]]:
    """The data set of each split, and the hooks."""
    from cft.apis import load_config

    cfg = load_config(config).to_dict()
    return {split: cfg[f'{split}_dataloader']['dataset'] for split in SPLITS}, cfg.get('custom_hooks', [])


def unseen_classes(draw: int) -> list[str]:
    """The classes without which a draw trains, the same for all methods."""
    import numpy as np

    return [str(label) for label in sorted(np.random.default_rng(draw).permutation(NUM_CLASSES)[:NUM_UNSEEN].tolist())]


def write_results(records: Sequence['RunRecord'], work_dir: Path, command: str) -> list[str]:
    """Write numbers, table and figures; lines for the terminal."""
    from cft.visualization import tables

    comparisons = [compared(records, row) for row in ROWS]
    table = result_table(comparisons)
    curves = s_dbw_curves(records)
    values = {
        row.name: {method.key: [round(value * row.factor, 4) for value in method.metrics[row.metric].values]
                   for method in comparison.methods}
        for row, comparison in zip(ROWS, comparisons, strict=True)
    }  # fmt: skip
    draws = sorted({record.labels['draw'] for record in records if record.labels})
    numbers = {'command': command, 'draws': draws, 'methods': METHODS, 'values': values, 's_dbw on validation': curves}
    (work_dir / 'beyond_accuracy.json').write_text(f'{json.dumps(numbers)}\n')
    found, claim = told_differences(comparisons), told_s_dbw(curves)
    page = PAGE.format(
        command=command, table=tables.markdown(table), caption=table.caption, found=bullets(found), claim=bullets(claim)
    )
    (work_dir / 'beyond_accuracy.md').write_text(page)
    differences_figure(comparisons).savefig(work_dir / 'beyond_accuracy.svg')
    s_dbw_figure(curves).savefig(work_dir / 's_dbw.svg')
    return [tables.text(table), '', table.caption, bullets(found + claim), f'Page, numbers and figures: {work_dir}']


def compared(records: Sequence['RunRecord'], row: Row) -> 'Comparison':
    from cft.evaluation import compare_methods

    own = [record for record in records if record.labels.get('setting') == row.setting]
    return compare_methods(own, METHODS, BASELINE, row.metric, row.split, metrics=[])


def result_table(comparisons: Sequence['Comparison']) -> 'Table':
    """A line for each measure: cross-entropy's mean, and what each method adds, bold where that is significant."""
    from cft.visualization.tables import Table

    others = [key for key in METHODS if key != BASELINE]
    rows, bold = [], set()
    for number, (row, comparison) in enumerate(zip(ROWS, comparisons, strict=True)):
        cells = [row.name + (', smaller is better' if row.smaller else '')]
        base = comparison.method(BASELINE).metrics[row.metric]
        places = 2 if abs(base.mean * row.factor) > 1.5 else 3
        cells.append(f'{base.mean * row.factor:.{places}f}')
        for column, key in enumerate(others, start=2):
            result = comparison.method(key).metrics[row.metric]
            mean, low, high = (
                value * row.factor for value in (result.difference.mean, result.difference.low, result.difference.high)
            )
            cells.append(f'{mean:+.{places}f} ± {(high - low) / 2:.{places}f}')
            if result.verdict in ('above', 'below'):
                bold.add((number, column))
        rows.append(cells)
    pairs = len(comparisons[0].method(BASELINE).pairs)
    caption = (
        f'{pairs} draws. Of the methods: paired difference to CE with its 95 % interval; bold: p < 0.05 after '
        "Holm's correction for the methods."
    )
    return Table(['measure', 'CE', *(METHODS[key] for key in others)], rows, bold, caption)


def s_dbw_curves(records: Sequence['RunRecord']) -> dict[str, dict[str, Any]]:
    """For each variant the steps and, for each method, S_Dbw of the validation images by draw."""
    before = next(record for record in records if record.name == PRETRAINED).metrics['val']
    found: dict[str, dict[str, Any]] = {}
    for name in S_DBW:
        found[name] = {'step': [], 'values': {}}
        for key in CURVES:
            own = [record for record in records if record.labels.get('setting') == CLEAN]
            curves = [record.curves['val'] for record in own if record.labels['method'] == key]
            found[name]['step'] = [0, *curves[0]['step']]
            found[name]['values'][key] = [[round(v, 4) for v in (before[name], *curve[name])] for curve in curves]
    return found


def told_differences(comparisons: Sequence['Comparison']) -> list[str]:
    """For each method in which measures it is better than cross-entropy, in which worse, and where one cannot tell."""
    sentences = []
    for key in (key for key in METHODS if key != BASELINE):
        found: dict[str, list[str]] = {'Better': [], 'Worse': []}
        for row, comparison in zip(ROWS, comparisons, strict=True):
            verdict = comparison.method(key).metrics[row.metric].verdict
            if verdict in ('above', 'below'):
                better = 'below' if row.smaller else 'above'
                name = row.name.removesuffix(' (%)').removesuffix(' (nats)')
                found['Better' if verdict == better else 'Worse'].append(name)
        told = [f'{kind}: {"; ".join(names)}.' for kind, names in found.items() if names]
        rest = 'In the others not distinguishable.' if told else 'Not distinguishable in any measure.'
        sentences.append(' '.join([f'{METHODS[key]} against CE.', *told, rest]))
    return sentences


def told_s_dbw(curves: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """COIN's claim in numbers: is its S_Dbw below cross-entropy's after stage 1, and at the end?"""
    from cft.evaluation import paired_difference

    sentences = []
    for name, found in curves.items():
        middle, last = len(found['step']) // 2, len(found['step']) - 1
        for when, at in (('before fine-tuning', 0), ('after stage 1', middle), ('at the end', last)):
            values = {key: [draw[at] for draw in rows] for key, rows in found['values'].items()}
            text = f'{name} {when} (step {found["step"][at]}): CE {sum(values["ce"]) / len(values["ce"]):.3f}'
            for other in ('ce', 'scl') if at else ():
                difference = paired_difference(values['coin'], values[other])
                holds = 'lower' if difference.high < 0 else 'higher' if difference.low > 0 else 'not distinguishable'
                text += (
                    f'; COIN minus {CURVES[other]} {difference.mean:+.3f} (95 % interval {difference.low:+.3f} to '
                    f'{difference.high:+.3f}, {difference.pairs} draws), {holds}'
                )
            sentences.append(f'{text}.')
    return sentences


def bullets(sentences: Sequence[str]) -> str:
    return '\n'.join(f'- {sentence}' for sentence in sentences)


def differences_figure(comparisons: Sequence['Comparison']) -> Any:
    """A panel for each measure: the paired difference of every method with its interval."""
    from cft.visualization.style import INK, QUIET, new_figure, quiet_axes, series_colors

    others = [key for key in METHODS if key != BASELINE]
    colors = series_colors(list(METHODS), BASELINE)
    figure = new_figure(9.2, 11)
    panels = figure.subplots((len(ROWS) + 2) // 3, 3).ravel()
    for axes in panels[len(ROWS) :]:
        axes.axis('off')
    for row, comparison, axes in zip(ROWS, comparisons, panels[: len(ROWS)], strict=True):
        axes.axvline(0, color=INK, linewidth=1)
        for place, key in enumerate(others):
            found = comparison.method(key).metrics[row.metric].difference
            low, mean, high = (row.factor * value for value in (found.low, found.mean, found.high))
            axes.plot([low, high], [place, place], color=colors[key], linewidth=2)
            axes.scatter([mean], [place], s=30, color=colors[key], zorder=3)
        axes.set_yticks(range(len(others)), [METHODS[key] for key in others])
        axes.set_ylim(len(others) - 0.5, -0.5)
        axes.locator_params(axis='x', nbins=5)
        title = textwrap.fill(row.name, 34) + ('\nsmaller is better' if row.smaller else '')
        axes.set_title(title, fontsize=9, color=INK)
        quiet_axes(axes, grid='x')
        axes.tick_params(axis='y', labelcolor=INK)
    figure.supxlabel('difference to CE, paired over draws, with its 95 % interval', fontsize=9, color=QUIET)
    return figure


def s_dbw_figure(curves: Mapping[str, Mapping[str, Any]]) -> Any:
    """S_Dbw over the steps, mean and 95 % interval over draws, with the switch of COIN's stages."""
    import numpy as np
    from scipy.special import stdtrit

    from cft.visualization.style import INK, QUIET, legend_above, new_figure, quiet_axes, series_colors

    colors = series_colors(list(METHODS), BASELINE)
    figure = new_figure(9.2, 3.6)
    titles = {'s_dbw/halkidi': 'S_Dbw (Halkidi)', 's_dbw/tong': "S_Dbw (COIN's code)"}
    panels = figure.subplots(1, len(curves))
    for axes, (name, found) in zip(panels, curves.items(), strict=True):
        steps = found['step']
        for key, line in zip(CURVES, ('-', '--', '-.'), strict=True):
            values = np.array(found['values'][key])
            half = stdtrit(len(values) - 1, 0.975) * values.std(axis=0, ddof=1) / np.sqrt(len(values))
            mean = values.mean(axis=0)
            axes.plot(steps, mean, line, color=colors[key], linewidth=1.8, label=CURVES[key])
            axes.fill_between(steps, mean - half, mean + half, color=colors[key], alpha=0.18, linewidth=0)
        axes.axvline(steps[-1] / 2, color=QUIET, linewidth=0.9, linestyle=':')
        axes.set(xlabel="step (dotted: COIN's second stage begins)", ylabel=titles[name])
        axes.yaxis.label.set_color(INK)
        quiet_axes(axes, grid='y')
    legend_above(figure, panels[0])
    return figure


if __name__ == '__main__':
    main()
