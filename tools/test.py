"""Evaluate a checkpoint on the test split: python tools/test.py CONFIG CHECKPOINT."""

import argparse

from _cli import add_common_arguments, read_config, readable_errors


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

        from cft.apis import leave_process_group, test

        cfg = read_config(args)
        cfg.load_from = args.checkpoint
        metrics = test(cfg)
        if args.out and is_main_process():
            dump(metrics, args.out)
        leave_process_group()


if __name__ == '__main__':
    main()
