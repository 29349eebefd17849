"""Pre-train on drawn images without labels, fine-tune a segmentor or a detector with every method, compare.

python tools/quickstart_shapes.py {seg,det} [--short] [--seeds N] [--methods ce scl ...] [--work-dir DIR]

Runs that are finished are not repeated: the same command goes on after an interruption, and with more seeds it adds
them. Each run takes the checkpoint that is best on the validation images; the figures are those of the test images.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from _cli import add_executor, at_least, readable_errors

if TYPE_CHECKING:
    from cft.experiments import Run

BASELINE = 'ce'
NAMES = {BASELINE: 'CE', 'scl': 'SCL', 'schane': 'SCHaNe', 'coin': 'COIN', 'coretuning': 'Core-tuning'}
# What pre-training is worth: two methods from random weights as well.
SCRATCH = {'ce_scratch': 'CE from scratch', 'coretuning_scratch': 'Core-tuning from scratch'}
PRETRAINED = 'sce'
METRICS = {'seg': 'mIoU', 'det': 'coco/bbox_mAP'}
MEASURES = {'seg': ['mAcc', 'FWIoU'], 'det': ['coco/bbox_mAP_50', 'coco/bbox_mAP_75']}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('task', choices=METRICS, help='segmentation or detection')
    parser.add_argument('--short', action='store_true', help='few steps on few images, to see that it works')
    parser.add_argument('--seeds', type=at_least(1), metavar='N', help='number of seeds; default 3, with --short 1')
    parser.add_argument(
        '--methods', nargs='+', default=[*NAMES, *SCRATCH], choices=[*NAMES, *SCRATCH], help='default: all'
    )
    parser.add_argument('--work-dir', type=Path, help='where results go; default: work_dirs/quickstart_TASK')
    add_executor(parser)
    args = parser.parse_args()
    args.seeds = (1 if args.short else 3) if args.seeds is None else args.seeds
    args.work_dir = args.work_dir or Path(f'work_dirs/quickstart_{args.task}')
    args.methods = list(dict.fromkeys([BASELINE, *args.methods]))
    return args


def main() -> None:
    args = parse_args()
    started = time.perf_counter()
    with readable_errors():
        from cft.apis.experiments.runs import run_plan
        from cft.evaluation import compare_methods, statements
        from cft.visualization import tables
        from cft.visualization.comparison_table import comparison_table

        runs = planned_runs(args.task, args.methods, args.seeds, args.short)
        records = [record for record in run_plan(runs, args.work_dir, args.executor) if record.labels]
        names = {method: (NAMES | SCRATCH)[method] for method in args.methods}
        comparison = compare_methods(records, names, BASELINE, METRICS[args.task])
        table = comparison_table(comparison, MEASURES[args.task])
        for name, text in (('table.md', tables.markdown(table)), ('table.csv', tables.csv_text(table))):
            (args.work_dir / name).write_text(f'{text}\n')
        lines = ['', tables.text(table), table.caption, '', *(f'  - {text}' for text in statements(comparison))]
        lines += ['', f'Numbers: {args.work_dir / "runs"}/*/result.json']
        print('\n'.join(lines))
    print(f'Time: {time.perf_counter() - started:.0f} s')


def planned_runs(task: str, methods: list[str], seeds: int, short: bool) -> list['Run']:
    """Pre-training, then every method from what it gives, seed by seed."""
    from cft.experiments import Output, Run

    few_images, few_steps, few_epochs = shortened(task) if short else ({}, {}, {})
    runs = [Run(PRETRAINED, 'quickstart/sce_shapes', few_epochs, options={'splits': []})]
    for seed in range(seeds):
        for method in methods:
            start = {} if method in SCRATCH else {'checkpoint': Output(PRETRAINED)}
            config = f'quickstart/{method.removesuffix("_scratch")}_{task}'
            labels = {'method': method, 'draw': seed}
            settings = {**few_images, **few_steps, **start}
            runs.append(Run(f'{method}-{seed}', config, settings, seed, labels, {'splits': ['test']}))
    return runs


def shortened(task: str) -> tuple[dict, dict, dict]:
    """Settings of the short form: other images, fine-tuning, pre-training."""
    images = {'data_root': 'data/shapes_few', 'drawn_data.num_train': 16, 'drawn_data.num_val': 4,
              'drawn_data.num_test': 4}  # fmt: skip
    steps = {'train_cfg.max_iters': 6, 'train_cfg.val_interval': 3, 'default_hooks.checkpoint.interval': 3}
    if task == 'det':
        steps |= {'param_scheduler.0.end': 3, 'param_scheduler.1.begin': 3}
    before = {'data_root': 'data/shapes_unlabelled_few', 'drawn_data.num_train': 64, 'epochs': 2,
              'default_hooks.checkpoint.interval': 2}  # fmt: skip
    return images, steps, before


if __name__ == '__main__':
    main()
