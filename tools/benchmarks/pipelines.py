"""Images a second of the views of contrastive pre-training, beside other packages', as ratios.

pip install -e . lightly; taskset -c 0 python tools/benchmarks/pipelines.py [--crops 8] [--images 64] [--rounds 7]

From JPEG files of 500 x 375 pixels, made for it, to tensors: two views of 224 pixels as MoCo-v2 draws them, or two and
six of 96 as SwAV does. One thread; the pipelines take turns, and CPU time counts. lightly also turns its views into
float32 and normalises them, which cft and mmpretrain do for the batch on the device. Packages that are not installed
are left out. Decoding alone is the last line: no pipeline is faster.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
from _cli import at_least, readable_errors

Pipeline = Callable[[str], object]
HEIGHT, WIDTH = 375, 500
QUALITY = 92
# Number, side, part of the area; strength of the jitter.
CROPS = {2: ([(2, 224, (0.2, 1.0))], 0.5), 8: ([(2, 224, (0.14, 1.0)), (6, 96, (0.05, 0.14))], 1.0)}
NAMES = {2: 'strong', 8: 'swav'}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--crops', type=int, choices=list(CROPS), default=2, help='views of an image')
    parser.add_argument('--images', type=at_least(1), default=64)
    parser.add_argument('--rounds', type=at_least(1), default=7)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with readable_errors(), tempfile.TemporaryDirectory() as folder:
        paths = write_images(Path(folder), args.images)
        size = statistics.mean(path.stat().st_size for path in paths)
        print(f'{len(paths)} JPEGs of {WIDTH} x {HEIGHT} pixels, {size / 1000:.0f} kB each; {args.crops} views of each')
        compare(pipelines(args.crops), [str(path) for path in paths], args.rounds)


def write_images(folder: Path, number: int) -> list[Path]:
    """JPEGs with the spectrum of photographs: amplitudes fall with the frequency; with a few even surfaces."""
    generator = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.rfftfreq(WIDTH)[None])
    frequency[0, 0] = np.inf
    paths = []
    for index in range(number):
        noise = np.fft.rfft2(generator.standard_normal((3, HEIGHT, WIDTH))) / frequency
        # Channels of photographs vary mostly together.
        planes = np.fft.irfft2(noise + 2 * noise[:1], s=(HEIGHT, WIDTH))
        image = np.moveaxis(planes / planes.std() * 50 + 120, 0, -1).clip(0, 255).astype(np.uint8)
        image = np.ascontiguousarray(image)
        for _ in range(4):
            points = (generator.random((4, 2)) * (WIDTH, HEIGHT)).astype(np.int32)
            cv2.fillConvexPoly(image, points, generator.integers(0, 256, 3).tolist())
        paths.append(folder / f'{index}.jpg')
        paths[-1].write_bytes(cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
    return paths


def pipelines(crops: int) -> dict[str, Pipeline]:
    """By name, each from a file's path to tensors; a word on those that are not installed."""
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    builders = {'cft': cft, 'lightly': lightly, 'mmpretrain': mmpretrain, 'torchvision': torchvision}
    missing = [name for name in builders if find_spec(name) is None]
    for name in missing:
        print(f'{name} is not installed: left out')
    found = {name: build(crops) for name, build in builders.items() if name not in missing}
    return {**found, 'decoding': cv2.imread}


def cft(crops: int) -> Pipeline:
    views = [
        (number, [dict(type='cft.ViewAugment', distribution=NAMES[crops], size=size, crop_ratio_range=area)])
        for number, size, area in CROPS[crops][0]
    ]
    return composed('cft.LoadImage', 'cft.MultiView', views)


def mmpretrain(crops: int) -> Pipeline:
    """The steps of its MoCo-v2 config."""
    kinds, strength = CROPS[crops]
    jitter = dict(zip(('brightness', 'contrast', 'saturation', 'hue'), jitter_of(strength), strict=True))
    views = [
        (
            number,
            [
                dict(type='RandomResizedCrop', scale=size, crop_ratio_range=area, backend='pillow'),
                dict(type='RandomApply', transforms=[dict(type='ColorJitter', **jitter)], prob=0.8),
                dict(type='RandomGrayscale', prob=0.2, keep_channels=True, channel_weights=(0.114, 0.587, 0.2989)),
                dict(type='GaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf', prob=0.5),
                dict(type='RandomFlip', prob=0.5),
            ],
        )
        for number, size, area in kinds
    ]
    return composed('LoadImageFromFile', 'MultiView', views)


def composed(load: str, multi_view: str, views: list[tuple[int, list[dict]]]) -> Pipeline:
    """A pipeline of OpenMMLab's."""
    import mmpretrain.datasets  # noqa: F401
    from mmcv.transforms import Compose
    from mmengine.registry import DefaultScope

    import cft.datasets.transforms  # noqa: F401

    numbers, transforms = zip(*views, strict=True)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        pipeline = Compose(
            [
                dict(type=load),
                dict(type=multi_view, num_views=list(numbers), transforms=list(transforms)),
                dict(type='PackInputs'),
            ]
        )
    return lambda path: pipeline({'img_path': path})


def lightly(crops: int) -> Pipeline:
    from lightly.transforms.moco_transform import MoCoV2Transform
    from lightly.transforms.swav_transform import SwaVTransform
    from PIL import Image

    transform = MoCoV2Transform(input_size=224) if crops == 2 else SwaVTransform()
    return lambda path: transform(Image.open(path).convert('RGB'))


def torchvision(crops: int) -> Pipeline:
    """Its second generation, on tensors of bytes."""
    import torch
    from torchvision.io import ImageReadMode, read_image
    from torchvision.transforms import v2

    kinds, strength = CROPS[crops]
    views = [
        v2.Compose(
            [
                v2.RandomResizedCrop(size, scale=area, antialias=True),
                v2.RandomHorizontalFlip(),
                v2.RandomApply([v2.ColorJitter(*jitter_of(strength))], p=0.8),
                v2.RandomGrayscale(p=0.2),
                v2.RandomApply([v2.GaussianBlur(kernel_size=size // 10 // 2 * 2 + 1, sigma=(0.1, 2.0))], p=0.5),
            ]
        )
        for number, size, area in kinds
        for _ in range(number)
    ]

    def transform(path: str) -> list[torch.Tensor]:
        image = read_image(path, ImageReadMode.RGB)
        return [view(image) for view in views]

    return transform


def jitter_of(strength: float) -> list[float]:
    """Brightness, contrast, saturation and hue."""
    return [0.8 * strength] * 3 + [0.2 * strength]


def compare(contestants: dict[str, Pipeline], paths: list[str], rounds: int) -> None:
    """Print a line for each; a ratio is the median of those within a round."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for pipeline in contestants.values():
        pipeline(paths[0])
    for _ in range(rounds):
        for name, pipeline in contestants.items():
            begin = time.process_time()
            for path in paths:
                pipeline(path)
            seconds[name].append((time.process_time() - begin) / len(paths))
    compared = 'lightly' if 'lightly' in seconds else 'mmpretrain'
    print(f'pipeline    | images a second | times {compared}')
    for name, times in seconds.items():
        ratio = statistics.median(other / own for own, other in zip(times, seconds[compared], strict=True))
        print(f'{name:11s} | {1 / statistics.median(times):15.0f} | {ratio:.2f}')


if __name__ == '__main__':
    main()
