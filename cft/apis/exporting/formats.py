"""The formats of an exported model: how each is written, and run without our code."""

import importlib.util
import itertools
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cft.errors import ConfigError

OPSET = 18
AXES = {0: 'batch', 2: 'height', 3: 'width'}
Run = Callable[[Tensor], Sequence[Tensor]]


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        suffix: Of its name.
        packages: That are needed, of the extra of the same name; none for PyTorch's own.
        write: The traced program and the names of the outputs, to a file.
        load: What runs the file on CPUs.
    """

    suffix: str
    packages: tuple[str, ...]
    write: Callable[[Any, Sequence[str], Path], None]
    load: Callable[[Path], Run]


def format_of(name: str) -> Format:
    """A format by its name, with its packages there.

    Args:
        name: One of :data:`FORMATS`.

    Raises:
        ConfigError: If there is no such format, or a package is missing.

    Example:
        >>> format_of('exported-program').suffix
        '.pt2'
    """
    if name not in FORMATS:
        raise ConfigError(f'--format {name}: choose {" or ".join(FORMATS)}')
    missing = [package for package in FORMATS[name].packages if importlib.util.find_spec(package) is None]
    if missing:
        raise ConfigError(
            f"--format {name} needs {', '.join(missing)}: pip install 'cft-contrastive-tuning[{name}]', or use "
            '--format exported-program, which PyTorch itself writes'
        )
    return FORMATS[name]


def trace(graph: nn.Module, example: Tensor, any_size: bool) -> Any:
    """A graph of tensor operations for any number of images.

    Args:
        graph: A model of one input.
        example: (2, 3, H, W).
        any_size: Whether height and width may vary as well.

    Returns:
        A ``torch.export.ExportedProgram``.

    Raises:
        Exception: Whatever PyTorch says if the model has steps that depend on the image.
    """
    axes = AXES if any_size else {0: 'batch'}
    shapes = (dict.fromkeys(axes, torch.export.Dim.DYNAMIC),)
    with torch.no_grad(), quiet():
        return torch.export.export(graph, (example,), dynamic_shapes=shapes, strict=False)


def _write_onnx(program: Any, outputs: Sequence[str], path: Path) -> None:
    import onnx

    with quiet():
        torch.onnx.export(
            program, program.example_inputs[0], str(path), dynamo=True, opset_version=OPSET, external_data=False,
            input_names=['image'], output_names=list(outputs), verbose=False,
        )  # fmt: skip
    model = onnx.load(path)
    _name_axes(model)
    for node in itertools.chain(model.graph.node, *(function.node for function in model.functions)):
        # The lines of source that it came from, with the folders of this machine.
        del node.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def _name_axes(model: Any) -> None:
    """The tracer numbers the sizes that vary."""
    (image,) = model.graph.input
    sizes = image.type.tensor_type.shape.dim
    names = {sizes[axis].dim_param: name for axis, name in AXES.items() if sizes[axis].dim_param}
    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param in names:
                size.dim_param = names[size.dim_param]


def _load_onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return lambda image: [torch.from_numpy(output) for output in session.run(None, {'image': image.numpy()})]


def _write_program(program: Any, outputs: Sequence[str], path: Path) -> None:
    torch.export.save(program, path)


def _load_program(path: Path) -> Run:
    network = torch.export.load(path).module()

    def run(image: Tensor) -> Sequence[Tensor]:
        with torch.no_grad():
            return network(image)

    return run


@contextmanager
def quiet() -> Iterator[None]:
    """Without what PyTorch's exporters report of their own steps."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'torch.export', 'onnxscript', 'onnx_ir')]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


FORMATS = {
    'onnx': Format('.onnx', ('onnx', 'onnxruntime', 'onnxscript'), _write_onnx, _load_onnx),
    'exported-program': Format('.pt2', (), _write_program, _load_program),
}
