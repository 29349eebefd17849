"""Evaluate a checkpoint on the test split: python tools/test.py CONFIG CHECKPOINT."""

import argparse

from _cli import add_common_arguments, readable_errors, work_dir_of


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Evaluate a checkpoint on the test split of its config.')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', help='write the metrics to this JSON file')
    add_common_arguments(parser)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from mmengine.dist import is_main_process
        from mmengine.fileio import dump

        from cft.apis import load_config, test

        cfg = load_config(args.config, args.cfg_options)
        cfg.launcher = args.launcher
        cfg.work_dir = work_dir_of(args.config, args.work_dir or cfg.get('work_dir'))
        cfg.load_from = args.checkpoint
        metrics = test(cfg)
        if args.out and is_main_process():
            dump(metrics, args.out)


if __name__ == '__main__':
    main()
