"""Write OpenMMLab's metafiles and the READMEs' sections on published results from configs/tables.

python tools/write_metafiles.py            configs/*/metafile.yml, configs/model-index.yml, configs/*/README.md
python tools/write_metafiles.py --check    only tell what is not in step with the tables

What cft table collect wrote of runs that were really made is copied to configs/tables/measured/paper_PAPER_TABLE.json
for the column "measured here".
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='write nothing')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        from cft.errors import ConfigError
        from cft.files import write_atomically

        old = {path: text for path, text in texts() if not path.is_file() or path.read_text(encoding='utf-8') != text}
        if args.check and old:
            raise ConfigError(f'not in step with configs/tables: {", ".join(map(str, old))}; run {sys.argv[0]}')
        for path, text in old.items():
            write_atomically(path, text.encode())
            print(path)


def texts() -> Iterator[tuple[Path, str]]:
    """Every file, and what belongs into it."""
    from cft.apis.configs.catalogue import CONFIGS
    from cft.apis.tables.metafiles import measured_of, metafile, model_index, readme_section, with_section
    from cft.apis.tables.reading import FOLDER
    from cft.apis.tables.uses import all_tables, config_uses, read_collections

    tables = all_tables()
    measured = measured_of(tables, FOLDER)
    uses = list(config_uses(tables))
    written = []
    for collection in read_collections():
        own = [use for use in uses if use.config.split('/')[0] == collection.folder]
        if not own:
            continue
        written.append(collection.folder)
        folder = CONFIGS / collection.folder
        yield folder / 'metafile.yml', metafile(collection, own, measured)
        readme = (folder / 'README.md').read_text(encoding='utf-8')
        yield folder / 'README.md', with_section(readme, readme_section(own, measured))
    yield CONFIGS / 'model-index.yml', model_index(written)


if __name__ == '__main__':
    main()
