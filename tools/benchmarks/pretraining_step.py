"""Time and memory of a pre-training step beside that of the first config, as ratios; HEXA's in both forms.

python tools/benchmarks/pretraining_step.py configs/mocov2/r50_imagenet.py configs/hexa/moco_plus_r50_imagenet.py
python tools/benchmarks/pretraining_step.py tools/benchmarks/lightly/moco_r50_imagenet.py \
    configs/mocov2/r50_imagenet.py configs/sce/r50_imagenet.py configs/hexa/moco_r50_imagenet.py \
    --batch 64 --rounds 20 --device cuda --bfloat16
python tools/benchmarks/pretraining_step.py configs/deepcluster/r50_imagenet_8crop.py \
    configs/hexa/dcluster_plus_r50_imagenet_8crop.py --views 224 224 96 96 96 96 96 96 --batch 64 \
    --device cuda --bfloat16

A step is a forward and a backward pass on noise. The steps take turns; time is the median. The models are those of the
configs with random weights, and random clusters for DeepCluster-v2. HEXA differentiates its terms one by one; a second
row has it with all terms kept.
"""

import argparse
import contextlib
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', help='the first is what the others are compared to')
    parser.add_argument(
        '--views', type=at_least(16), nargs='+', default=[224, 224], help='sides of the views in pixels'
    )
    parser.add_argument('--batch', type=at_least(2), default=4)
    parser.add_argument('--rounds', type=at_least(1), default=3, help='timed steps of each')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--bfloat16', action='store_true', help='mixed precision')
    parser.add_argument(
        '--cpu-time', action='store_true', help='of all threads of the process, which other work hardly changes'
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        measure(args)


def measure(args: argparse.Namespace) -> None:
    """Print a line for each config, and one more for HEXA with all terms kept."""
    import torch

    from cft.apis.running.device import check_device
    from cft.apis.running.step_cost import peak_bytes, round_seconds

    check_device(args.device)
    models = {}
    for config in args.configs:
        models[config] = build(config, args.device)
        if hasattr(models[config], 'hard_examples'):
            models[f'{config}, all terms kept'] = kept = build(config, args.device)
            kept.hard_examples.early.forward = keep
    data = batch(args)

    def step(model: 'nn.Module') -> None:
        model.zero_grad(set_to_none=True)
        precision = torch.autocast(torch.device(args.device).type, torch.bfloat16)
        with precision if args.bfloat16 else contextlib.nullcontext():
            losses = model(**model.data_preprocessor(data, True), mode='loss')
        sum(losses.values()).backward()
        forget(model)

    steps = [lambda model=model: step(model) for model in models.values()]
    seconds = [statistics.median(each) for each in round_seconds(steps, args.rounds, args.cpu_time)]
    peaks = [peak_bytes(one) for one in steps]
    print('seconds | images/s | time beside the first | peak memory | memory beside the first | step')
    for name, taken, peak in zip(models, seconds, peaks, strict=True):
        print(
            f'{taken:8.3f} | {args.batch / taken:8.2f} | {taken / seconds[0]:5.2f} | '
            f'{peak / 2**20:8.1f} MiB | {peak / peaks[0]:5.2f} | {name}'
        )


def build(path: str, device: str) -> 'nn.Module':
    """Model of a config with random weights and clusters, its BatchNorm that of one process."""
    import torch
    from mmengine.logging import MMLogger
    from mmengine.model import revert_sync_batchnorm
    from mmengine.registry import MODELS, DefaultScope

    from cft.apis import load_config

    cfg = load_config(path)
    # Otherwise each parameter's initialisation is reported.
    MMLogger.get_instance('steps').setLevel('WARNING')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    model.init_weights()
    for index, count in enumerate(getattr(model, 'num_prototypes', ())):
        torch.nn.init.normal_(model.prototypes[index])
        model.assignments.resize_(len(model.num_prototypes), 4096)[index] = torch.randint(count, (4096,))
    return revert_sync_batchnorm(model).to(device).train()


def batch(args: argparse.Namespace) -> dict:
    """Noise, in the form that the data preprocessor takes."""
    import torch
    from mmpretrain.structures import DataSample

    samples = [DataSample(metainfo={'sample_idx': index % 4096}) for index in range(args.batch)]
    views = [torch.randint(0, 256, (args.batch, 3, side, side)).float() for side in args.views]
    return {'inputs': views, 'data_samples': samples}


def keep(
    term: 'torch.Tensor',
    parameters: object,
    inputs: 'tuple[torch.Tensor, ...] | list[torch.Tensor]' = (),
    joined: bool = False,
) -> 'tuple[torch.Tensor, list[torch.Tensor]]':
    """In place of ``EarlyBackward``: all graphs wait for the sum, and the gradient of the views takes its own pass."""
    import torch

    return term, list(torch.autograd.grad(term, inputs, retain_graph=True)) if inputs else []


def forget(model: 'nn.Module') -> None:
    """Let neither the memory of features grow nor the momentum encoder miss its updates."""
    if hasattr(model, 'memory'):
        model.memory.clear()
    if hasattr(model, 'update_target'):
        model.update_target(1.0)


if __name__ == '__main__':
    main()
