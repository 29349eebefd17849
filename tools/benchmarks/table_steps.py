"""Measure the training steps that published tables need, for the GPU-hours of cft table plan.

python tools/benchmarks/table_steps.py                              every network, method and size of all tables
python tools/benchmarks/table_steps.py --tables coretuning/table_6  of some tables
python tools/benchmarks/table_steps.py --write                      and keep it in configs/tables/step_times.yaml

A step is a forward and a backward pass of the config's model with random weights on noise, of as many images as --batch
says, in float32 as the configs train (--bfloat16: mixed precision). The median of --rounds counts. Reading images and
the optimiser are not in it. Classification, pre-training, segmentation and detection; what needs more than noise, such
as clusters of a whole data set, is left out and told.
"""

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from _cli import at_least, readable_errors

if TYPE_CHECKING:
    from mmengine.config import Config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--tables', nargs='+', metavar='TABLE', help='default: all')
    parser.add_argument('--batch', type=at_least(2), default=32, help='images of a step; default: %(default)s')
    parser.add_argument('--rounds', type=at_least(1), default=10, help='timed steps; default: %(default)s')
    parser.add_argument('--device', default='cuda', help='default: %(default)s')
    parser.add_argument('--bfloat16', action='store_true', help='mixed precision')
    parser.add_argument('--write', action='store_true', help='keep what was measured')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        import torch

        from cft.apis.running.device import check_device
        from cft.apis.tables.step_times import FILE, write_measured
        from cft.engine.run_cost import describe_device

        check_device(args.device)
        measured = {}
        for key, cfg in different_steps(args.tables).items():
            told = measure(cfg, args)
            if isinstance(told, str):
                print(f'{key}: left out: {told}', flush=True)
                continue
            measured[key] = told
            print(f'{key}: {1000 * told["seconds_per_image"]:.3f} ms an image', flush=True)
        device = f'{describe_device(torch.device(args.device))}, {"bfloat16" if args.bfloat16 else "float32"}'
        if args.write:
            write_measured(FILE, device, measured)
            print(FILE)


def different_steps(names: list[str] | None) -> dict[str, 'Config']:
    """A config for each network, method and size."""
    from cft.apis.tables.costs import configs_of
    from cft.apis.tables.reading import list_tables, read_table
    from cft.apis.tables.runs import plan_table
    from cft.apis.tables.step_times import key_of

    found: dict[str, Any] = {}
    for name in names or list_tables():
        table = read_table(name)
        if 'paper' in table.modes:
            for cfg in configs_of(plan_table(table, 'paper', [0])):
                found.setdefault(key_of(cfg), cfg)
    return found


def measure(cfg: 'Config', args: argparse.Namespace) -> dict[str, float] | str:
    """Seconds and operations of an image; why not, where the step cannot be made of noise."""
    import torch
    from step_cost import make_batch

    from cft.apis.running.step_cost import step_seconds
    from cft.apis.tables.step_times import operations_of, sides_of

    if 'num_prototypes' in cfg.model:
        return 'its clusters are those of a whole data set'
    sides = sides_of(cfg)
    try:
        model = built(cfg, args.device)
        data = make_batch(model, args.batch, sides[0]) if hasattr(model, 'head') and not is_pretraining(cfg) else None
        if data is None:
            data = views_of_noise(sides, args.batch) if is_pretraining(cfg) else make_batch(model, args.batch, sides[0])
        elif len(sides) > 1:
            data['inputs'] = [[image, image.clone()] for image in data['inputs']]
            data['inputs'] = [torch.stack(view) for view in zip(*data['inputs'], strict=True)]

        def step() -> None:
            model.zero_grad(set_to_none=True)
            precision = torch.autocast(torch.device(args.device).type, torch.bfloat16)
            with precision if args.bfloat16 else contextlib.nullcontext():
                losses = model(**model.data_preprocessor(data, True), mode='loss')
            total = sum(value for name, value in losses.items() if 'loss' in name and isinstance(value, torch.Tensor))
            total.backward()

        (seconds,) = step_seconds([step], args.rounds)
    except (RuntimeError, TypeError, ValueError, KeyError, AttributeError) as error:
        return f'{type(error).__name__}: {" ".join(str(error).split())[:200]}'
    return {'seconds_per_image': seconds / args.batch, 'operations': operations_of(cfg)}


def is_pretraining(cfg: 'Config') -> bool:
    return 'queue_length' in cfg.model


def built(cfg: 'Config', device: str) -> Any:
    """The model with random weights, its BatchNorm that of one process."""
    import torch
    from mmengine.model import revert_sync_batchnorm
    from mmengine.registry import MODELS, DefaultScope

    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build({**cfg.model, 'regularizers': []} if 'regularizers' in cfg.model else cfg.model)
    return revert_sync_batchnorm(model).to(device).train()


def views_of_noise(sides: list[int], batch: int) -> dict[str, Any]:
    import torch
    from mmpretrain.structures import DataSample

    views = [torch.randint(0, 256, (batch, 3, side, side)).float() for side in sides]
    return {'inputs': views, 'data_samples': [DataSample(metainfo={'sample_idx': index}) for index in range(batch)]}


if __name__ == '__main__':
    main()
