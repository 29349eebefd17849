"""Linear transfer of a self-supervised ResNet-50 to eleven data sets (SCE, table 9), in one table.

python tools/analysis/many_shot.py work_dirs/sce/r50_imagenet_multicrop_200e/epoch_200.pth

Features are extracted once for each data set. L-BFGS fits a logistic regression to them, whose weight decay is chosen
on held-out training images; it is then fitted to all of them. Accuracy of test images in per cent, its mean over the
classes for Aircraft, Pets, Caltech-101 and Flowers, eleven-point mAP for VOC 2007. What is finished is not repeated.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import add_executor, readable_errors, series_log


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', help='a self-supervised ResNet-50')
    parser.add_argument('--data', nargs='+', metavar='NAME', help='some of the data sets; default: all eleven')
    parser.add_argument('--root', type=Path, default=Path('data'), help='folder of all data sets; default: data')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/many_shot'))
    add_executor(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors(), series_log(args.work_dir, 'many-shot linear transfer'):
        from cft.apis.experiments.many_shot import SUITE, many_shot_runs, many_shot_table
        from cft.apis.experiments.runs import run_plan

        runs = many_shot_runs(args.checkpoint, args.data or list(SUITE), args.root)
        print(f'\n{many_shot_table(run_plan(runs, args.work_dir, args.executor))}')


if __name__ == '__main__':
    main()
