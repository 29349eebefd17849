"""The operators of two-stage detectors from torchvision, where mmcv was installed without compiling.

mmcv finds its compiled operators in the module ``mmcv._ext``. Where that is
missing, :func:`stand_in` takes its place; where it was compiled for CPUs only,
:func:`serve_cuda` lets torchvision serve CUDA tensors. mmcv's own operators
are used wherever they exist.
"""

from collections.abc import Callable
from types import ModuleType

import torch
import torchvision

ROUTED = ('nms', 'roi_align_forward', 'roi_align_backward')
AVERAGE = 1


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float, offset: int) -> torch.Tensor:
    """Non-maximum suppression with mmcv's signature.

    Args:
        boxes: (N, 4) x1, y1, x2, y2 in pixels.
        scores: (N,).
        iou_threshold: A box is dropped if it overlaps a better one by more.
        offset: 1 if the pixel at x2, y2 belongs to the box, as in old data sets, else 0.

    Returns:
        Indices of the boxes kept, best first.
    """
    far_corner = boxes.new_tensor([0, 0, offset, offset])
    return torchvision.ops.nms(boxes + far_corner, scores, iou_threshold)


def roi_align_forward(
    features: torch.Tensor,
    rois: torch.Tensor,
    output: torch.Tensor,
    argmax_y: torch.Tensor,
    argmax_x: torch.Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """RoIAlign with mmcv's signature: fills ``output`` (K, C, h, w) from (N, C, H, W) features and (K, 5) rois."""
    if pool_mode != AVERAGE:
        raise NotImplementedError("RoIAlign with pool_mode='max' needs a compiled mmcv; pool_mode='avg' does not")
    features = _supported(features)
    pooled = torch.ops.torchvision.roi_align(
        features, rois.to(features), spatial_scale, aligned_height, aligned_width, sampling_ratio, aligned
    )
    output.copy_(pooled)


def roi_align_backward(
    grad_output: torch.Tensor,
    rois: torch.Tensor,
    argmax_y: torch.Tensor,
    argmax_x: torch.Tensor,
    grad_input: torch.Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Gradient of :func:`roi_align_forward` with mmcv's signature: fills ``grad_input`` (N, C, H, W)."""
    grad_output = _supported(grad_output)
    gradient = torch.ops.torchvision._roi_align_backward(
        grad_output,
        rois.to(grad_output),
        spatial_scale,
        aligned_height,
        aligned_width,
        *grad_input.shape,
        sampling_ratio,
        aligned,
    )
    grad_input.copy_(gradient)


def _supported(tensor: torch.Tensor) -> torch.Tensor:
    """torchvision's RoIAlign has no bfloat16."""
    return tensor.float() if tensor.dtype == torch.bfloat16 else tensor


class _StandIn(ModuleType):
    """Has every operator's name, as mmcv checks at import; those that torchvision lacks fail when called."""

    def __getattr__(self, name: str) -> Callable:
        if name.startswith('__'):
            raise AttributeError(name)
        if name in ROUTED:
            return globals()[name]

        def missing(*_: object, **__: object) -> None:
            raise NotImplementedError(
                f'the operator {name!r} needs a compiled mmcv: pip install --no-binary onedl-mmcv onedl-mmcv with '
                'MMCV_WITH_OPS=1 (without it, cft serves nms and RoIAlign)'
            )

        return missing


def stand_in(name: str = 'mmcv._ext') -> ModuleType:
    """Module to use in place of the missing one."""
    return _StandIn(name)


def serve_cuda(compiled: ModuleType) -> None:
    """Let torchvision serve the CUDA tensors of a compiled module that knows CPUs only.

    Args:
        compiled: ``mmcv._ext``; one that was compiled with CUDA is left as it is.
    """
    if compiled.get_compiling_cuda_version() != 'not available':
        return
    for name in ROUTED:
        setattr(compiled, name, _by_device(getattr(compiled, name), globals()[name]))


def _by_device(on_cpu: Callable, on_cuda: Callable) -> Callable:
    def operator(first: torch.Tensor, *args: object, **kwargs: object) -> object:
        return (on_cuda if first.is_cuda else on_cpu)(first, *args, **kwargs)

    return operator
