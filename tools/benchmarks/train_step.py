"""Time and memory of a training step beside the first config's, as ratios.

python tools/benchmarks/train_step.py configs/ce/r50_voc_seg.py configs/coretuning/r50_voc_seg.py --sizes 512
python tools/benchmarks/train_step.py configs/ce/r50_cifar10.py configs/{scl,schane,l2sp}/r50_cifar10.py --sizes 224
python tools/benchmarks/train_step.py configs/ce/r50_cifar10.py --sizes 224 --with channels_last fused amp compile

A step is all that ``train_step`` does: normalising the images, forward and backward pass, the optimiser; data are
noise, as many views of each image as the config trains on. The steps of all take turns; a ratio is the median over
rounds of the ratio within a round, with the interval that has it with at least 95 %. ``--with`` adds a row of each
config with a setting that is meant to make it faster; amp needs CUDA.
"""

import argparse
import json
import platform
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from mmengine.config import Config
    from mmengine.optim import OptimWrapper
    from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _cli import at_least, readable_errors

# What a user would set.
FASTER: dict[str, dict[str, object]] = {
    'channels_last': {'default_hooks.channels_last.type': 'cft.ChannelsLastHook'},
    'fused': {'optim_wrapper.optimizer.fused': True},
    'amp': {'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.dtype': 'bfloat16'},
    'compile': {'compile': True},
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', help='of one task; the first is what the others are compared to')
    parser.add_argument('--sizes', type=at_least(1), nargs='+', default=[512], help='sides of the images in pixels')
    parser.add_argument('--batch', type=at_least(1), default=2)
    parser.add_argument('--steps', type=at_least(0), default=5, help='timed steps of each; 0 measures memory only')
    parser.add_argument('--with', nargs='+', choices=tuple(FASTER), default=[], dest='faster', help='rows beside')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--cpu-time', action='store_true', help='processor time, which other work disturbs less')
    parser.add_argument('--out', type=Path, help='JSON file for the figures')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors():
        measure(args)


def measure(args: argparse.Namespace) -> None:
    """Print a line for each config, setting and size."""
    import torch
    from scipy.stats import quantile_test

    from cft.apis.running.device import check_device
    from cft.apis.running.step_cost import round_seconds, saved_bytes
    from cft.errors import ConfigError
    from cft.files import write_atomically

    check_device(args.device)
    if 'amp' in args.faster and args.device == 'cpu':
        raise ConfigError('--with amp: mixed precision needs CUDA; take it out, or give --device cuda')
    names = [(config, faster) for config in args.configs for faster in (None, *args.faster)]
    trainings = [Training(config, faster, args.device) for config, faster in names]
    print('size | time beside the first | seconds | saved for backward | more than the first | config')
    rows = []
    for size in args.sizes:
        steps = [training.prepare(args.batch, size) for training in trainings]
        saved = [saved_bytes(training.loss, training.model) for training in trainings]
        rounds = round_seconds(steps, args.steps, args.cpu_time) if args.steps else [[float('nan')]] * len(steps)
        for (config, faster), seconds, kept in zip(names, rounds, saved, strict=True):
            ratios = [own / first for own, first in zip(seconds, rounds[0], strict=True)]
            ratio = statistics.median(ratios)
            low, high = quantile_test(ratios, q=1, p=0.5).confidence_interval(0.95)
            title = f'{config} with {faster}' if faster else config
            print(
                f'{size:4d} | {ratio:5.3f} ({low:.3f} to {high:.3f}) | {statistics.median(seconds):7.4f} | '
                f'{kept / 2**20:8.1f} MiB | {(kept - saved[0]) / 2**20:8.2f} MiB | {title}',
                flush=True,
            )
            rows.append(
                {
                    'size': size,
                    'config': config,
                    'with': faster,
                    'ratio': ratio,
                    'interval': [low, high],
                    'seconds': statistics.median(seconds),
                    'saved_bytes': kept,
                }
            )
    if args.out:
        setup = {
            'device': args.device if args.device == 'cpu' else torch.cuda.get_device_name(args.device),
            'machine': platform.machine(),
            'threads': torch.get_num_threads(),
            'torch': torch.__version__,
            'batch': args.batch,
            'steps': args.steps,
            'clock': 'processor' if args.cpu_time else 'wall',
        }
        write_atomically(args.out, json.dumps({'setup': setup, 'rows': rows}, indent=1).encode())


class Training:
    """Model and optimiser of a config with random weights, its BatchNorm local, its regularisers begun."""

    def __init__(self, path: str, faster: str | None, device: str) -> None:
        self.cfg = read_config(path, FASTER.get(faster or '', {}))
        self.model, self.optim_wrapper = build(self.cfg, device)
        self.views = number_of_views(self.cfg)
        self.train_step: Callable[..., object] = self.model.train_step
        if self.cfg.get('compile'):
            import torch

            self.train_step = torch.compile(self.train_step)

    def prepare(self, images: int, size: int) -> Callable[[], None]:
        """A function that repeats one training step on so many images."""
        if hasattr(self.model, 'decode_head'):
            self.model.data_preprocessor.size = (size, size)
        self.batch = make_batch(self.model, images, size, self.views)
        return self.step

    def step(self) -> None:
        """Train on the batch once."""
        import copy

        self.train_step(copy.deepcopy(self.batch), optim_wrapper=self.optim_wrapper)
        if hasattr(self.model, 'update_target'):
            self.model.update_target(1.0)

    def loss(self) -> 'torch.Tensor':
        """What the backward pass would start from."""
        import copy

        data = self.model.data_preprocessor(copy.deepcopy(self.batch), True)
        return self.model.parse_losses(self.model(data['inputs'], data['data_samples'], mode='loss'))[0]


def read_config(path: str, settings: dict[str, object]) -> 'Config':
    """The config, if it says all that a model needs."""
    from cft.apis import load_config
    from cft.apis.configs.checks import check_config
    from cft.errors import ConfigError

    cfg = load_config(path)
    cfg.merge_from_dict(settings)
    if cfg.model.get('head', {}).get('num_classes', 0) is None or cfg.get('networks'):
        raise ConfigError(f'{path} leaves its classes or its network to the data; give a config of a data set')
    check_config(cfg)
    return cfg


def build(cfg: 'Config', device: str) -> 'tuple[nn.Module, OptimWrapper]':
    """Model and optimiser, as the runner makes them."""
    import torch
    from mmengine.logging import MMLogger
    from mmengine.model import revert_sync_batchnorm
    from mmengine.optim import build_optim_wrapper
    from mmengine.registry import MODELS, DefaultScope

    from cft.engine.hooks.channels_last import to_channels_last

    # Otherwise each parameter's initialisation is reported.
    MMLogger.get_instance('steps').setLevel('WARNING')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        model.init_weights()
        model = revert_sync_batchnorm(model).to(device).train()
        if 'channels_last' in cfg.default_hooks:
            to_channels_last(model)
        begin_regularizers(model, cfg.default_hooks.get('regularizers', {}).get('regularizers', []))
        return model, build_optim_wrapper(model, cfg.optim_wrapper)


def number_of_views(cfg: 'Config') -> int:
    """Of each training image."""
    from cft.engine.config_nodes import iterate_dicts

    views = 1
    for _, node in iterate_dicts(cfg.train_dataloader):
        if str(node.get('type')).split('.')[-1] == 'MultiView':
            number = node['num_views']
            views = number if isinstance(number, int) else sum(number)
    return views


def begin_regularizers(model: 'nn.Module', of_the_hook: list) -> None:
    """What ``cft.RegularizerHook`` does before training; a step costs the same whatever DELTA would measure."""
    from cft.models import Regularizers

    if of_the_hook:
        model.regularizers = Regularizers(of_the_hook)
        model.regularizers.attach(model)
    terms = getattr(model, 'regularizers', None)
    if terms is not None:
        terms.begin(model, terms.source_of(model) if terms.needs_source else None, None)


def make_batch(model: 'nn.Module', number: int, size: int, views: int = 1) -> dict:
    """Noise with eight labelled squares an image, or a class, in the form that the model's data preprocessor takes."""
    import torch

    generator = torch.Generator().manual_seed(0)
    images = [torch.randint(0, 256, (3, size, size), generator=generator, dtype=torch.uint8) for _ in range(number)]
    if hasattr(model, 'head'):
        images = images if views == 1 else [images] * views
        return {'inputs': images, 'data_samples': [_classified(i % model.head.num_classes) for i in range(number)]}
    side = size // 4
    corners = torch.randint(0, size - side, (number, 8, 2), generator=generator)
    foreground = model.decode_head.num_classes - 1 if hasattr(model, 'decode_head') else box_classes(model)
    classes = torch.randint(0, foreground, (number, 8), generator=generator)
    make = _segmentation_sample if hasattr(model, 'decode_head') else _detection_sample
    samples = [make(c, k, side, size) for c, k in zip(corners, classes, strict=True)]
    return {'inputs': images, 'data_samples': samples}


def box_classes(detector: 'nn.Module') -> int:
    """Of its last head."""
    head = detector.roi_head.bbox_head
    return getattr(head, 'num_classes', None) or head[-1].num_classes


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


if __name__ == '__main__':
    main()
