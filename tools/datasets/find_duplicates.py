"""Find test and validation images that are training images: python tools/datasets/find_duplicates.py CONFIG."""

import argparse
import functools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import readable_errors

SPLITS = ('train', 'val', 'test')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Find images that are in the training data and in the validation or test data, byte for byte.',
        epilog='Exit status: 0 if there are none, 1 if there are some, 2 for an error.',
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('--data-root', metavar='FOLDER', help='folder of the images, instead of that of the config')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from mmengine.registry import DefaultScope
        from rich.progress import Progress

        from cft.apis import load_config
        from cft.apis.configs.checks import check_config
        from cft.datasets.duplicates import files_to_compare, same_content
        from cft.datasets.sample_infos import image_files
        from cft.engine.hooks.duplicate_images import describe_pairs
        from cft.errors import ConfigError
        from cft.registry import DATASETS

        cfg = load_config(args.config, {'data_root': args.data_root} if args.data_root else None)
        check_config(cfg)
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope') or 'mmengine'):
            configs = {split: (cfg.get(f'{split}_dataloader') or {}).get('dataset') for split in SPLITS}
            files = {split: image_files(DATASETS.build(dataset)) for split, dataset in configs.items() if dataset}
        if not files.get('train'):
            raise ConfigError(f'the training data of {args.config} are no image files, which alone are compared')
        found = 0
        for split in SPLITS[1:]:
            judged = files.get(split, [])
            with Progress() as progress:
                task = progress.add_task(split, total=files_to_compare(files['train'], judged))
                pairs = same_content(files['train'], judged, functools.partial(progress.advance, task))
            for own, other in pairs:
                print(f'{other} = {own}')
            found += len(pairs)
            print(describe_pairs(pairs, len(judged), split) if pairs else f'{split}: {len(judged)} images, no double')
    sys.exit(1 if found else 0)


if __name__ == '__main__':
    main()
