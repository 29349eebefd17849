"""Started by test_drawn_data_processes.py on two ranks."""

import functools
import sys
import time
from pathlib import Path

from mmengine.dist import get_rank

from cft.apis import leave_process_group, train
from cft.apis.completion.drawn_data import DRAWINGS, draw_missing_data
from cft.datasets.synthetic import draw_shapes, read_record
from cft.errors import ConfigError
from tests.support.digits_runs import short_config


@functools.wraps(draw_shapes)
def slowly(*args: object, **arguments: object) -> None:
    """So that a process that does not wait goes on before the folder is there."""
    print(f'[rank {get_rank()}] draws', flush=True)
    draw_shapes(*args, **arguments, on_image=lambda: time.sleep(0.3))


def main() -> None:
    folder = Path(sys.argv[1])
    DRAWINGS['shapes'] = slowly
    cfg = short_config('ce', folder / 'work', iterations=2)
    cfg.launcher = 'pytorch'
    cfg.data_root = str(folder / 'shapes')
    cfg.drawn_data = {'type': 'shapes', 'num_train': 3, 'num_val': 1, 'num_test': 1}
    draw_missing_data(cfg)
    assert read_record(folder / 'shapes') is not None
    print(f'[rank {get_rank()}] goes on', flush=True)
    train(cfg)
    cfg.data_root = str(folder / 'file' / 'shapes')
    try:
        draw_missing_data(cfg)
    except ConfigError as error:
        print(f'[rank {get_rank()}] {error}', flush=True)
    leave_process_group()


if __name__ == '__main__':
    main()
