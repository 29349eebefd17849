"""Choose settings on validation images: every combination of values, over several draws of the labels.

python tools/analysis/grid.py configs/quickstart/scl_digits.py --checkpoint work_dirs/quickstart/sce/epoch_60.pth \
    --set model.head.contrastive.loss.temperature=0.1,0.3 --set optim_wrapper.optimizer.lr=0.05,0.1

The config's training set must be a cft.StratifiedSubset, whose seed is the draw. The test split is never read.
"""

import argparse
import ast
import contextlib
import itertools
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors, series_log


def parse_setting(text: str) -> tuple[str, list]:
    name, separator, values = text.partition('=')
    if not separator:
        raise argparse.ArgumentTypeError(f'{text!r} is not NAME=VALUE,VALUE,...')
    try:
        return name, [ast.literal_eval(value) for value in values.split(',')]
    except (SyntaxError, ValueError):
        raise argparse.ArgumentTypeError(f'{values!r} is no list of Python literals, such as 0.1,0.3') from None


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config')
    parser.add_argument('--checkpoint', help='file to start from')
    parser.add_argument('--set', action='append', default=[], type=parse_setting, metavar='NAME=V1,V2', dest='settings')
    parser.add_argument(
        '--first-draw', type=at_least(0), default=1000, help='apart from the draws that a comparison reports'
    )
    parser.add_argument('--draws', type=at_least(1), default=5)
    parser.add_argument('--metric', default='accuracy/top1')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/grid'))
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    names = [name for name, _ in args.settings]
    combinations = list(itertools.product(*(values for _, values in args.settings)))
    rows = []
    with readable_errors(), series_log(args.work_dir, 'grid') as log, contextlib.ExitStack() as stack:
        from cft.engine.series_progress import SeriesProgress

        progress = stack.enter_context(contextlib.closing(SeriesProgress(len(combinations) * args.draws)))
        for index, combination in enumerate(combinations):
            settings = dict(zip(names, combination, strict=True))
            values = []
            for draw in range(args.first_draw, args.first_draw + args.draws):
                with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
                    values.append(validate(args, settings, draw, index))
                progress.advance()
                progress.now(f'{settings}, draw {draw}: {values[-1]:.1f}')
            rows.append((statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0, settings))
    for mean, deviation, settings in sorted(rows, key=lambda row: -row[0]):
        print(f'{mean:6.2f} ± {deviation:5.2f}  ' + '  '.join(f'{name}={value}' for name, value in settings.items()))


def validate(args: argparse.Namespace, settings: dict, draw: int, index: int) -> float:
    from cft.apis import load_config, train
    from cft.errors import ConfigError

    settings = settings | {'train_dataloader.dataset.seed': draw, 'randomness.seed': draw}
    cfg = load_config(args.config, settings | ({'checkpoint': args.checkpoint} if args.checkpoint else {}))
    if cfg.train_dataloader.dataset.get('type') != 'cft.StratifiedSubset':
        raise ConfigError(
            f'{args.config}: train_dataloader.dataset must be a cft.StratifiedSubset, whose seed is the draw'
        )
    cfg.work_dir = str(args.work_dir / f'{Path(args.config).stem}_{index}_{draw}')
    cfg.experiment_name = cfg.work_dir.replace('/', '_')
    hub = train(cfg).message_hub
    known = [key.removeprefix('val/') for key in hub.log_scalars if key.startswith('val/')]
    if args.metric not in known:
        raise ConfigError(f'--metric {args.metric}: the validation gives {", ".join(known)}')
    return float(hub.get_scalar(f'val/{args.metric}').current())


if __name__ == '__main__':
    main()
