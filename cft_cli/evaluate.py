"""Say what a model is worth: cft evaluate work_dirs/flowers, or cft evaluate ce/folder moco.pth data_root=flowers.

MODEL is the work dir of a run, or a config and a checkpoint. Self-supervised weights, or a run of pre-training, have
no classifier: their features are measured, with training images as the reference. Features are kept in the folder of
the results and read again; evaluation_<split>.json there has all numbers and tables.

besides settings of the config:
  measures=A,B     names or groups of them (knn, linear_probe, s_dbw, retrieval, ...); all is the default, none leaves
                   what the predictions give; all has not few_shot, many_shot, voc07_svm, voc07_svm_area
  ways=N queries=N tasks=N runs=N
                   few-shot tasks: classes, questions of each, tasks of a run, and runs; by default 5, 15, 3000 and 3.
                   The tasks are written beside the results
  ood_root=FOLDER  images of unknown classes, which a good model tells from those that it knows
  ood_classes=A,B  classes of the data that it was trained without (cft.ClassSubset), instead of a folder
  attack=linf:4    accuracy under projected gradient descent, too: norm (linf, l2) and epsilon in pixel values of 255
  attack_steps=10,20,50    attack_restarts=5    their numbers; one accuracy for each number of steps
  autoattack=true  APGD-CE, APGD-DLR and Square of the adversarial-robustness-toolbox besides (extra robust)

on several GPUs: torchrun --nproc_per_node=4 --no-python cft evaluate MODEL --launcher pytorch
"""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import readable_errors
from .options import (
    OVERRIDES,
    add_model,
    add_settings,
    find_modules_here,
    no_setting_as_checkpoint,
    parse,
)

SPLITS = ('train', 'val', 'test')
EPISODES = ('ways', 'queries', 'tasks', 'runs')
OWN = ('measures', 'ood_root', 'ood_classes', 'attack', 'attack_steps', 'attack_restarts', 'autoattack', *EPISODES)
OF_ATTACKS = {'attack': 'attack', 'attack_steps': 'steps', 'attack_restarts': 'restarts', 'autoattack': 'autoattack'}
FORMATS = ('.json', '.csv')


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft evaluate', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_model(parser)
    add_settings(parser)
    parser.add_argument('--split', choices=SPLITS, default='test', help='default: test')
    parser.add_argument('--out', metavar='FILE', help='the numbers and tables in a .json or .csv file, too')
    parser.add_argument('--work-dir', help='folder of the results; default: that of the run')
    parser.add_argument('--cfg-options', nargs='+', action='extend', default=[], metavar='NAME=VALUE', help=OVERRIDES)
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    args = parse(parser, arguments)
    no_setting_as_checkpoint(args)
    own = [option.split('=', 1) for option in args.cfg_options if option.split('=', 1)[0] in OWN]
    args.cfg_options = [option for option in args.cfg_options if option.split('=', 1)[0] not in OWN]
    given = dict(own)
    args.measures = given.get('measures', 'all')
    args.ood_root = given.get('ood_root')
    args.episodes = {name: given[name] for name in EPISODES if name in given}
    if wrong := [name for name, value in args.episodes.items() if not value.isdecimal()]:
        parser.error(f'{wrong[0]}={args.episodes[wrong[0]]}: give a whole number')
    args.ood_classes = [name for name in given.get('ood_classes', '').split(',') if name]
    args.attack = {argument: given[word] for word, argument in OF_ATTACKS.items() if word in given}
    if args.attack and 'attack' not in args.attack:
        parser.error(f'{", ".join(word for word in OF_ATTACKS if word in given)}: say with what, such as attack=linf:4')
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        import os

        from mmengine.dist import is_main_process

        from cft.apis import evaluate, leave_process_group
        from cft.apis.completion.launcher_environment import read_place
        from cft.apis.running.metrics_file import check_output_file
        from cft.evaluation import RobustnessCheck
        from cft.evaluation.told_evaluation import told
        from cft.files import write_atomically

        if args.launcher != 'none':
            read_place(args.launcher, os.environ)
        find_modules_here()
        out = None if args.out is None else check_output_file(Path(args.out), FORMATS)
        # The results alone go to stdout.
        with contextlib.redirect_stdout(sys.stderr):
            found = evaluate(
                args.config, args.checkpoint, args.cfg_options, '' if args.measures == 'none' else args.measures,
                args.split, args.work_dir, ood_root=args.ood_root, ood_classes=args.ood_classes,
                attack=RobustnessCheck.parse(**args.attack) if args.attack else None,
                episodes={name: int(value) for name, value in args.episodes.items()}, launcher=args.launcher,
            )  # fmt: skip
        if is_main_process():
            if out is not None:
                text = found.csv_text() if out.suffix.lower() == '.csv' else found.json_text()
                write_atomically(out, text.encode(errors='surrogateescape'))
            print(told(found))
        leave_process_group()
