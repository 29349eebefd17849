"""Evaluate a trained model on the test split of its config: cft test work_dirs/flowers, or CONFIG CHECKPOINT."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from .errors import readable_errors
from .options import add_common_arguments, add_model, add_settings, no_setting_as_checkpoint, parse, read_config


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='cft test', description=__doc__)
    add_model(parser)
    add_settings(parser)
    parser.add_argument('--out', help='write the metrics to this JSON file')
    add_common_arguments(parser)
    args = parse(parser, arguments)
    no_setting_as_checkpoint(args)
    return args


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        from mmengine.dist import is_main_process

        from cft.apis import leave_process_group, test
        from cft.apis.running.metrics_file import check_metrics_file, write_metrics
        from cft.apis.running.trained_model import find_trained

        # An evaluation may take hours.
        out = None if args.out is None else check_metrics_file(Path(args.out))
        cfg = read_config(args)
        # After the launcher's place was read, which a log line needs.
        cfg.load_from = str(find_trained(args.config, args.checkpoint)[1])
        metrics = test(cfg)
        if out is not None and is_main_process():
            write_metrics(out, metrics)
        leave_process_group()
