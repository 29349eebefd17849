"""Pre-train, fine-tune with every method, compare: the main job on images that ship with a dependency.

python tools/quickstart.py [--short] [--draws N] [--work-dir DIR]
"""

import argparse
import contextlib
import datetime
import json
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from _cli import at_least, readable_errors, series_log

if TYPE_CHECKING:
    from cft.engine.series_progress import SeriesProgress

CONFIGS = Path(__file__).resolve().parents[1] / 'configs' / 'quickstart'
NAMES = {
    'ce_scratch': 'CE from scratch',
    'ce': 'CE',
    'scl': 'SCL',
    'schane': 'SCHaNe',
    'coin': 'COIN',
    'coretuning': 'Core-tuning',
}
DATA = (
    "scikit-learn's handwritten digits (1,797 real images): 1,000 for pre-training without labels, 5 per class of "
    'these labelled for fine-tuning, 297 for validation, 500 for test.'
)
NEIGHBOURS = 20


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--short', action='store_true', help='2 draws and short pre-training, to see that it works')
    parser.add_argument('--draws', type=at_least(1), help='number of draws of the labels; default 10, with --short 2')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/quickstart'), help='where results go')
    args = parser.parse_args()
    args.draws = (2 if args.short else 10) if args.draws is None else args.draws
    return args


def main() -> None:
    args = parse_args()
    started = time.perf_counter()
    with readable_errors(), series_log(args.work_dir, 'quickstart') as log:
        from cft.engine.series_progress import SeriesProgress

        progress = SeriesProgress(total=args.draws * len(NAMES) + (5 if args.short else 10))
        # MMEngine's log lines go to the file, progress stays on the terminal.
        with contextlib.closing(progress), contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            results = run(args, progress)
        show(results, args.work_dir)
    print(f'Time: {time.perf_counter() - started:.0f} s')


def run(args: argparse.Namespace, progress: 'SeriesProgress') -> dict:
    """Do the work and return the results as the report takes them."""
    pretraining_weight = progress.total - args.draws * len(NAMES)
    progress.now('pre-training with SCE on unlabelled images')
    checkpoint, pretraining = pretrain(args)
    for _ in range(pretraining_weight):
        progress.advance()
    knn = check_neighbours(checkpoint, args.work_dir)
    progress.say(
        f'{NEIGHBOURS} nearest neighbours: random encoder {knn["random"]:.1f} %, '
        f'pre-trained encoder {knn["pretrained"]:.1f} %, raw pixels {knn["pixels"]:.1f} %'
    )

    from cft.apis.comparison import Method, compare

    methods = [
        Method(key, name, str(CONFIGS / f'{key.split("_")[0]}_digits.py'), None if 'scratch' in key else checkpoint)
        for key, name in NAMES.items()
    ]
    features = {} if args.short else {'before (SCE)': encode(checkpoint, args.work_dir)[0]}

    def on_run(method: Method, result: dict, runner: object) -> None:
        from cft.apis.features import extract_features

        if features and result['draw'] == 0 and 'scratch' not in method.key:
            features[method.name] = extract_features(runner.model, runner.test_dataloader)[0]
        progress.advance()
        progress.now(f'{method.name}, draw {result["draw"] + 1} of {args.draws}: {result["accuracy"]:.1f} %')

    runs = compare(methods, range(args.draws), args.work_dir / 'runs', on_run)
    results = {
        'title': 'Fine-tuning a self-supervised encoder with 5 labels per class',
        'command': f'bash tools/quickstart.sh {" ".join(sys.argv[1:])}'.strip(),
        'created': datetime.date.today().isoformat(),
        'versions': versions(),
        'data': DATA,
        'baseline': 'ce',
        'knn': knn,
        'methods': [{'key': key, 'name': name} for key, name in NAMES.items()],
        'runs': runs,
        'pretraining': pretraining,
    }
    if features:
        progress.now('embedding the features with t-SNE')
        results['embeddings'] = embed(features, encode(checkpoint, args.work_dir)[1])
    return results


def pretrain(args: argparse.Namespace) -> tuple[str, dict]:
    """Run SCE; return the checkpoint and the loss curve."""
    from mmengine.runner import find_latest_checkpoint

    from cft.apis import load_config, train

    short = {'epochs': 20, 'default_hooks.checkpoint.interval': 20}
    cfg = load_config(CONFIGS / 'sce_digits.py', short if args.short else {})
    cfg.work_dir = str(args.work_dir / 'sce')
    cfg.experiment_name = 'quickstart_sce'
    runner = train(cfg)
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    return find_latest_checkpoint(cfg.work_dir), {
        'step': list(range(1, len(losses) + 1)),
        'loss': [float(loss) for loss in losses],
    }


def encode(checkpoint: str | None, work_dir: Path, split: str = 'test') -> tuple:
    """Features and labels of a split under an encoder that was not fine-tuned."""
    from cft.apis import build_runner, initialise, load_config
    from cft.apis.features import extract_features

    settings = {'test_dataloader.dataset.split': split}
    cfg = load_config(CONFIGS / 'ce_digits.py', settings | ({'checkpoint': checkpoint} if checkpoint else {}))
    cfg.work_dir = str(work_dir / 'knn')
    cfg.experiment_name = f'quickstart_knn_{split}_{bool(checkpoint)}'
    runner = build_runner(cfg)
    initialise(runner)
    return extract_features(runner.model, runner.build_dataloader(cfg.test_dataloader))


def check_neighbours(checkpoint: str, work_dir: Path) -> dict:
    """Accuracy of nearest neighbours on pixels, a random and the pre-trained encoder."""
    from cft.apis import load_config
    from cft.apis.pretraining import neighbours_of_pixels
    from cft.evaluation import knn_accuracy

    return {
        'k': NEIGHBOURS,
        'random': knn_accuracy(*encode(None, work_dir, 'train'), *encode(None, work_dir), k=NEIGHBOURS),
        'pretrained': knn_accuracy(*encode(checkpoint, work_dir, 'train'), *encode(checkpoint, work_dir), k=NEIGHBOURS),
        'pixels': neighbours_of_pixels(load_config(CONFIGS / 'sce_digits.py'), k=NEIGHBOURS),
    }


def embed(features: dict, labels: object) -> dict:
    """t-SNE of each set of features."""
    from sklearn.manifold import TSNE
    from sklearn.preprocessing import normalize

    panels = [
        {'name': name, 'points': TSNE(init='pca', random_state=0).fit_transform(normalize(values)).tolist()}
        for name, values in features.items()
    ]
    return {'labels': [int(label) for label in labels], 'panels': panels}


def versions() -> dict[str, str]:
    from importlib.metadata import version

    names = {'torch': 'torch', 'mmengine': 'onedl-mmengine', 'mmpretrain': 'onedl-mmpretrain', 'numpy': 'numpy'}
    return {'Python': platform.python_version(), **{name: version(package) for name, package in names.items()}}


def show(results: dict, work_dir: Path, stream: TextIO | None = None) -> None:
    """Write the numbers and the report, print the table and what it supports."""
    from cft.evaluation import findings, summarise
    from cft.visualization import format_table, write_report

    numbers = work_dir / 'results.json'
    numbers.write_text(json.dumps(results, indent=1))
    report = write_report(results, work_dir)
    summaries = summarise(results['runs'], results['methods'], results['baseline'])
    lines = ['', format_table(summaries), '', 'What holds and what does not:']
    lines += [f'  - {sentence}' for sentence in findings(summaries, results['knn'])]
    lines += ['', f'Report: {report}', f'Figures: {work_dir / "figures"}', f'Numbers: {numbers}']
    print('\n'.join(lines), file=stream or sys.stdout)


if __name__ == '__main__':
    main()
