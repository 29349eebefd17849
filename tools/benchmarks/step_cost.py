"""Time and memory of a training step beside the plain model's, as ratios.

python tools/benchmarks/step_cost.py configs/ce/r50_voc_seg.py configs/coretuning/r50_voc_seg.py --sizes 512
python tools/benchmarks/step_cost.py configs/ce/r50_cifar10.py configs/{l2sp,delta,bss}/r50_cifar10.py --sizes 224
"""

import argparse
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
    parser.add_argument('plain', help='config of the plain model')
    parser.add_argument('methods', nargs='+', help='configs of the methods, of the same task')
    parser.add_argument('--sizes', type=at_least(1), nargs='+', default=[512], help='sides of the images in pixels')
    parser.add_argument('--batch', type=at_least(1), default=2)
    parser.add_argument('--steps', type=at_least(0), default=5, help='timed steps of each; 0 measures memory only')
    parser.add_argument('--device', default='cpu')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        measure(args)


def measure(args: argparse.Namespace) -> None:
    """Print a line for each size."""
    from cft.apis.running.device import check_device
    from cft.apis.running.step_cost import saved_bytes, step_seconds

    check_device(args.device)
    models = [build(config, args.device) for config in (args.plain, *args.methods)]
    print('size | config | seconds: plain | seconds: method | time method/plain | saved for backward: plain | more')
    for size in args.sizes:
        for model in models:
            if hasattr(model, 'decode_head'):
                model.data_preprocessor.size = (size, size)
        batch = make_batch(models[0], args.batch, size)
        saved = [saved_bytes(lambda model=model, batch=batch: loss_of(model, batch), model) for model in models]
        steps = [lambda model=model, batch=batch: backward(model, batch) for model in models]
        plain, *others = step_seconds(steps, args.steps) if args.steps else [float('nan')] * len(steps)
        for config, seconds, kept in zip(args.methods, others, saved[1:], strict=True):
            print(
                f'{size:4d} | {config} | {plain:14.3f} | {seconds:15.3f} | {seconds / plain:17.3f} | '
                f'{saved[0] / 2**20:21.1f} MiB | {(kept - saved[0]) / 2**20:.2f} MiB',
                flush=True,
            )


def build(path: str, device: str) -> 'nn.Module':
    """Model of a config with random weights, its BatchNorm local, its regularisers begun."""
    import torch
    from mmengine.model import revert_sync_batchnorm
    from mmengine.registry import MODELS, DefaultScope

    from cft.apis import load_config
    from cft.apis.configs.checks import check_config
    from cft.errors import ConfigError

    cfg = load_config(path)
    if cfg.model.get('head', {}).get('num_classes', 0) is None or cfg.get('networks'):
        raise ConfigError(f'{path} leaves its classes or its network to the data; give a config of a data set')
    check_config(cfg)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    model.init_weights()
    model = revert_sync_batchnorm(model).to(device).train()
    begin_regularizers(model, cfg.default_hooks.get('regularizers', {}).get('regularizers', []))
    return model


def begin_regularizers(model: 'nn.Module', of_the_hook: list) -> None:
    """What ``cft.RegularizerHook`` does before training; a step costs the same whatever DELTA would measure."""
    from cft.models import Regularizers

    if of_the_hook:
        model.regularizers = Regularizers(of_the_hook)
        model.regularizers.attach(model)
    terms = getattr(model, 'regularizers', None)
    if terms is not None:
        terms.begin(model, terms.source_of(model) if terms.needs_source else None, None)


def make_batch(model: 'nn.Module', number: int, size: int) -> dict:
    """Noise with eight labelled squares an image, or a class, in the form that the model's data preprocessor takes."""
    import torch

    generator = torch.Generator().manual_seed(0)
    images = [torch.randint(0, 256, (3, size, size), generator=generator, dtype=torch.uint8) for _ in range(number)]
    if hasattr(model, 'head'):
        return {'inputs': images, 'data_samples': [_classified(i % model.head.num_classes) for i in range(number)]}
    side = size // 4
    corners = torch.randint(0, size - side, (number, 8, 2), generator=generator)
    classes = torch.randint(0, 20, (number, 8), generator=generator)
    make = _segmentation_sample if hasattr(model, 'decode_head') else _detection_sample
    samples = [make(c, k, side, size) for c, k in zip(corners, classes, strict=True)]
    return {'inputs': images, 'data_samples': samples}


def _classified(label: int) -> object:
    from mmpretrain.structures import DataSample

    return DataSample().set_gt_label(label)


def _segmentation_sample(corners: 'torch.Tensor', classes: 'torch.Tensor', side: int, size: int) -> object:
    import torch
    from mmengine.structures import PixelData
    from mmseg.structures import SegDataSample

    mask = torch.zeros(1, size, size, dtype=torch.long)
    for (x, y), label in zip(corners.tolist(), classes.tolist(), strict=True):
        mask[:, y : y + side, x : x + side] = label + 1
    shape = {'img_shape': (size, size), 'ori_shape': (size, size)}
    return SegDataSample(gt_sem_seg=PixelData(data=mask), metainfo=shape)


def _detection_sample(corners: 'torch.Tensor', classes: 'torch.Tensor', side: int, size: int) -> object:
    import torch
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData

    boxes = torch.cat([corners, corners + side], dim=1).float()
    shape = {'img_shape': (size, size), 'ori_shape': (size, size), 'scale_factor': (1.0, 1.0)}
    sample = DetDataSample(metainfo=shape)
    sample.gt_instances = InstanceData(bboxes=boxes, labels=classes)
    sample.ignored_instances = InstanceData(bboxes=boxes[:0], labels=classes[:0])
    return sample


def loss_of(model: 'nn.Module', batch: dict) -> 'torch.Tensor':
    import copy

    data = model.data_preprocessor(copy.deepcopy(batch), True)
    return model.parse_losses(model(data['inputs'], data['data_samples'], mode='loss'))[0]


def backward(model: 'nn.Module', batch: dict) -> None:
    """A forward and backward pass."""
    model.zero_grad(set_to_none=True)
    loss_of(model, batch).backward()


if __name__ == '__main__':
    main()
