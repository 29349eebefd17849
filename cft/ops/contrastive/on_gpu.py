"""The one place that chooses between kernels and tiles of torch operations, which run anywhere."""

import contextlib
import functools
import importlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import torch

F = TypeVar('F', bound=Callable[..., Any])

# A kernel computes the similarities again for each 128 channels that it writes; beyond two of these blocks it does
# more work than matrix products of tiles.
WIDEST = 256
# Far above rounding, that of TF32 included, and far below what a wrong kernel gives: of the largest result; and of the
# largest number that goes in, where the result is what is left of terms that cancel.
TOLERANCE = 1e-2
CANCELLED = 1e-6

_refused: set[torch.device] = set()
_agreed: set[tuple[Any, ...]] = set()
_turned_off: list[bool] = []


def kernel_on_gpu(module: str, *, in_place: bool = False) -> Callable[[F], F]:
    """Let the function of the same name in ``module`` serve CUDA tensors.

    The first call of each kind is done by both and compared. Where they differ,
    or the kernel fails because triton or a C compiler is missing or the GPU is
    not supported, the decorated function serves that device from then on, after
    one warning.

    Args:
        module: Imported by the first call that needs it.
        in_place: The result is what the call makes of its first argument.

    Example:
        >>> @kernel_on_gpu('needs_triton')
        ... def doubled(rows):
        ...     return 2 * rows
        >>> doubled(torch.ones(1))
        tensor([2.])
    """

    def decorate(tiles: F) -> F:
        @functools.wraps(tiles)
        def choose(*args: Any, **kwargs: Any) -> Any:
            rows = next(_tensors(args))
            if not _suits_kernels(rows):
                return tiles(*args, **kwargs)
            kind = (module, tiles.__name__, rows.device, _kind(args), _kind(tuple(kwargs.values())))
            try:
                kernel = getattr(importlib.import_module(module), tiles.__name__)
                with torch.cuda.device(rows.device):
                    if kind in _agreed:
                        return kernel(*args, **kwargs)
                    trial = (rows.clone(), *args[1:]) if in_place else args
                    found = kernel(*trial, **kwargs)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:  # of an import, a compiler or a driver
                _refuse(rows.device, f'{type(error).__name__}: {error}')
                return tiles(*args, **kwargs)
            expected = tiles(*args, **kwargs)
            if not _agree(args, *((trial[0], rows) if in_place else (found, expected))):
                _refuse(rows.device, f'{tiles.__name__} differs from what they compute')
                return expected
            _agreed.add(kind)
            if in_place:
                rows.copy_(trial[0])
            return found

        return cast('F', choose)

    return decorate


def kernels_serve(device: torch.device) -> bool:
    """Whether kernels have served this device and were not refused since.

    Example:
        >>> kernels_serve(torch.device('cpu'))
        False
    """
    return device not in _refused and any(device in kind for kind in _agreed)


@contextlib.contextmanager
def without_kernels() -> Iterator[None]:
    """Tiles alone, to measure or to check what kernels do.

    Example:
        >>> with without_kernels():
        ...     pass
    """
    _turned_off.append(True)
    try:
        yield
    finally:
        _turned_off.pop()


def _tensors(value: object) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _tensors(each)


def _kind(value: object) -> object:
    """What decides of how a kernel is compiled: types, widths, options; not the number of rows."""
    if isinstance(value, torch.Tensor):
        return value.dtype, value.shape[1:]
    if isinstance(value, tuple):
        return tuple(_kind(each) for each in value)
    return value if isinstance(value, bool) else type(value)


def _suits_kernels(rows: torch.Tensor) -> bool:
    return (
        rows.is_cuda
        and rows.dtype != torch.float64
        and rows.shape[-1] <= WIDEST
        and rows.device not in _refused
        and not _turned_off
        and not torch.compiler.is_compiling()
    )


def _agree(given: object, found: object, expected: object) -> bool:
    """Whether all tensors are the same, but for rounding."""
    least = CANCELLED * max(_largest(each) for each in _tensors(given) if each.is_floating_point())
    return all(
        _largest(first - second) <= max(TOLERANCE * _largest(second), least)
        for first, second in zip(map(_finite, _tensors(found)), map(_finite, _tensors(expected)), strict=True)
    )


def _finite(values: torch.Tensor) -> torch.Tensor:
    """With 0 for NaN and infinity, and for what stands for the logarithm of 0."""
    return torch.where(values.abs() < 1e30, values, torch.zeros_like(values))


def _largest(values: torch.Tensor) -> float:
    return float(_finite(values).abs().max()) if values.numel() else 0.0


def _refuse(device: torch.device, reason: str) -> None:
    _refused.add(device)
    warnings.warn(
        f'Triton kernels of contrastive losses are not used on {device}, but tiles of torch operations, which compute '
        f'the same: {reason}',
        RuntimeWarning,
        stacklevel=3,
    )
