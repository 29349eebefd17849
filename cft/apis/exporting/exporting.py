"""A trained model as a file that runs without cft, with all that is needed to use it beside it."""

import hashlib
import json
import platform
import shutil
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.logging import print_log
from torch import Tensor, nn

import cft
from cft.apis.configs.overrides import Overrides
from cft.apis.prediction.images import Picture
from cft.apis.prediction.prediction import inference_config
from cft.apis.running.trained_model import fill_trained, find_trained
from cft.errors import ConfigError
from cft.files import require_writable, write_atomically
from cft.registry import MODELS

from .formats import OPSET, Format, format_of, trace
from .graph import EmbeddingGraph, ExportGraph, MapsGraph, SegmentationGraph, build_graph
from .parity import LIMIT, check_parity, measure_parity, real_images
from .preprocessing import padded, preprocessing_steps, reading_rule

# The coarsest of a network's maps must be larger than one pixel, which the tracer would take for fixed.
EXAMPLE_SIZE = (256, 320)
TASKS = {'mmpretrain': 'classification', 'mmseg': 'segmentation', 'mmdet': 'detection'}


def export(
    config: str | Path,
    checkpoint: str | Path | None = None,
    format: str = 'onnx',  # noqa: A002 - the word of the command
    embedding: bool = False,
    out: str | Path | None = None,
    overrides: Overrides | None = None,
    images: Picture | Sequence[Picture] | None = None,
    force: bool = False,
) -> dict:
    """Write a trained model as a file that runs without cft, and a JSON file beside it that says how.

    The graph takes ``image``, float32 (N, 3, H, W), R, G, B with values of 0 to
    255, and normalises it itself. It gives

    - of a classifier ``logits`` (N, K) and ``probabilities`` (N, K);
    - of a segmentation ``logits`` (N, K, H, W);
    - with ``embedding``, of a classifier or a self-supervised model
      ``embedding`` (N, D), the features after the neck as they are; of a
      segmentation or detection ``map_0`` ..., those of backbone and neck.

    N is any number; so are H and W of a segmentation and of maps, unless the
    network has a fixed size. The file is run and compared with PyTorch on up to
    eight test images, one by one and three at once.

    Args:
        config: The work dir of a training, or the config in it.
        checkpoint: A checkpoint of that training; None: of a work dir, as
            :func:`cft.apis.running.trained_model.find_trained` finds it.
        format: ``'onnx'``, or ``'exported-program'`` of PyTorch.
        embedding: Features instead of predictions.
        out: The file, ``.onnx`` or ``.pt2``; default: beside the checkpoint, by its name. The other file is ``.json``.
        overrides: As of :func:`cft.apis.load_config`.
        images: Files, folders, Pillow images or arrays to compare on, as of
            :func:`cft.apis.predict`; None: the test data of the config.
        force: Whether the files may be replaced.

    Returns:
        What the JSON file holds; ``file`` and ``parity`` among it.

    Raises:
        ConfigError: If the format, the model or its test pipeline cannot be
            exported, a package is missing, a file exists or cannot be written,
            or the file's outputs differ from PyTorch's by more than 1e-4 (of
            features: that part of the largest). Nothing is written then.
        DataError: If an image cannot be read.

    Example:
        >>> export('work_dirs/flowers', out='flowers.onnx')['parity']  # doctest: +SKIP
        {'logits': 2.1e-06, 'probabilities': 3.0e-07}
    """
    kind = format_of(format)
    config, checkpoint = find_trained(config, checkpoint)
    cfg = inference_config(config, overrides)
    path = _place(checkpoint, out, kind, embedding)
    for file in (path, path.with_suffix('.json')):
        if file.exists() and not force:
            raise ConfigError(f'--out {file} exists; name another file, or replace it with --force')
    _check_test_data(cfg)
    model, meta = _trained(cfg, checkpoint)
    graph = build_graph(model, cfg.default_scope, embedding)
    steps = preprocessing_steps(cfg, graph)
    pictures = real_images(cfg, images)
    require_writable(path.parent)
    inputs = [padded(picture[None].flip(1).float(), steps) for picture in pictures]
    program, any_size = _traced(graph, inputs)
    outputs = _outputs(graph, inputs[0])
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder, path.name)
        kind.write(program, [output['name'] for output in outputs], part)
        names = [output['name'] for output in outputs]
        parity = measure_parity(graph, kind.load(part), pictures, steps, names)
        check_parity(parity, format)
        facts: dict[str, Any] = {
            'task': TASKS[cfg.default_scope],
            'file': path.name,
            'format': format,
            **({'opset': OPSET} if format == 'onnx' else {}),
            'input': {
                'name': 'image',
                'type': 'float32',
                'shape': ['batch', 3, *(('height', 'width') if any_size else inputs[0].shape[2:])],
                'colour_order': 'RGB',
                'values': '0 to 255',
            },
            'outputs': outputs,
            'reading': reading_rule(cfg),
            'preprocessing': steps,
            'normalization': {
                'in_graph': True,
                'colour_order': 'RGB',
                'mean': graph.values('mean'),
                'std': graph.values('std'),
            },
            **({} if embedding else {'classes': list(meta['classes'])}),
            'parity': {
                'largest_difference': parity,
                'limit': LIMIT,
                'relative': isinstance(graph, EmbeddingGraph | MapsGraph),
                'images': len(pictures),
                'batch_sizes': [1, 3],
            },
            'model': {
                'config': config.name,
                'checkpoint': checkpoint.name,
                'sha256': hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
            },
            'versions': _versions(kind),
        }
        with part.open('rb') as content:
            write_atomically(path, lambda file: shutil.copyfileobj(content, file))
    write_atomically(path.with_suffix('.json'), json.dumps(facts, indent=1).encode())
    return {**facts, 'file': str(path)}


def _place(checkpoint: Path, out: str | Path | None, kind: Format, embedding: bool) -> Path:
    if out is None:
        return checkpoint.with_name(f'{checkpoint.stem}{"_embedding" if embedding else ""}{kind.suffix}')
    path = Path(out)
    if path.suffix != kind.suffix:
        raise ConfigError(f'--out {path}: a file of this format ends in {kind.suffix}')
    return path


def _check_test_data(cfg: Config) -> None:
    """Let the validation data say how images are prepared where there are no test data."""
    if cfg.get('test_dataloader') is None:
        cfg.test_dataloader = cfg.get('val_dataloader')
    if cfg.test_dataloader is None:
        raise ConfigError(
            f'{cfg.filename} has neither test nor validation data, whose pipeline says how images are prepared; export '
            'with a config that has, such as that of a linear probe'
        )


def _trained(cfg: Config, checkpoint: Path) -> tuple[nn.Module, dict]:
    settings = dict(cfg.model)
    if cfg.get('data_preprocessor') is not None:
        settings.setdefault('data_preprocessor', cfg.data_preprocessor)
    with MODELS.switch_scope_and_registry(cfg.default_scope):
        model = MODELS.build(settings)
    return model, fill_trained(model, str(checkpoint))


def _traced(graph: ExportGraph, images: Sequence[Tensor]) -> tuple[Any, bool]:
    """The program, and whether it takes images of any size."""
    sizes = {tuple(image.shape[2:]) for image in images}
    if isinstance(graph, MapsGraph | SegmentationGraph):
        try:
            return trace(graph, F.interpolate(images[0], EXAMPLE_SIZE).repeat(2, 1, 1, 1), any_size=True), True
        except Exception as error:
            if len(sizes) > 1:
                raise ConfigError(
                    f'the network cannot be exported for images of any size: {_first_line(error)}'
                ) from error
            height, width = images[0].shape[2:]
            print_log(f'The network is exported for images of {width} x {height} pixels', 'current')
    if len(sizes) > 1:
        raise ConfigError(
            f'the test pipeline gives images of several sizes, {sorted(sizes)[:3]}, and this network is exported for '
            'one; let it end with Resize or CenterCrop'
        )
    try:
        return trace(graph, images[0].repeat(2, 1, 1, 1), any_size=False), False
    except Exception as error:
        # Whatever a network does with its images.
        raise ConfigError(
            f'the network cannot be exported: {_first_line(error)}; its steps may not depend on the values of an image'
        ) from error


def _first_line(error: Exception) -> str:
    return f'{type(error).__name__}: {next(iter(str(error).strip().splitlines()), "")}'


def _outputs(graph: ExportGraph, image: Tensor) -> list[dict]:
    with torch.no_grad():
        results = graph(image)
    several = isinstance(graph, MapsGraph)
    names = [f'map_{index}' for index in range(len(results))] if several else graph.outputs
    sides = ('rows', 'columns') if several else ('height', 'width')
    return [
        {'name': name, 'shape': ['batch', result.shape[1], *(sides if result.dim() == 4 else ())]}
        for name, result in zip(names, results, strict=True)
    ]


def _versions(kind: Format) -> dict[str, str]:
    packages = {package: metadata.version(package) for package in ('torch', 'timm', *kind.packages)}
    return {'cft': cft.__version__, 'python': platform.python_version(), **packages}
