"""List the configs that come with cft: cft configs [PATTERN].

A PATTERN with * ? or [...] matches the whole name, any other a part of it. Each name stands for its file in every
command: cft train coretuning/r50_folder.
"""

import argparse
from collections.abc import Sequence

from .errors import readable_errors


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog='cft configs', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('pattern', nargs='?', default='*', metavar='PATTERN', help="such as 'coretuning/*' or voc_seg")
    parser.add_argument('--path', action='store_true', help='print the files instead of the names')
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    args = parse_args(arguments)
    with readable_errors():
        from cft.apis.configs.catalogue import find_config, list_configs
        from cft.errors import ConfigError

        names = list_configs(args.pattern)
        if not names:
            raise ConfigError(f'no config is called {args.pattern}; cft configs lists all')
        print(*(find_config(name) if args.path else name for name in names), sep='\n')
