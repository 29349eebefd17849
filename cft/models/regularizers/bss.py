"""Batch spectral shrinkage (Chen, Wang, Fu, Long and Wang, NeurIPS 2019)."""

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from cft.errors import ConfigError
from cft.ops import gather_rows_with_grad
from cft.registry import MODELS

from .feature_rows import require_feature_rows, watch_feature_rows
from .l2sp import check_factors
from .term import Term


def smallest_singular_values(features: Tensor, k: int) -> Tensor:
    """Sum of the squares of the k smallest singular values of a matrix.

    With the k eigenvectors V of the smaller Gram matrix, ``F F^T`` or
    ``F^T F``, that belong to its smallest eigenvalues, the sum is
    ``||V^T F||^2``, and ``2 V V^T F`` its gradient: V counts as constant, since
    the eigenvalues do not change with it to first order.

    A Gram matrix squares the condition number c of F: in float32 its smallest
    eigenvalue would be noise from c = 3e3 on. So the arithmetic is float64,
    whatever the type of the features: the relative error stays below about
    1e-16 c^2, and value and gradient are those of an SVD in float64 where
    float32 leaves anything of them.

    Args:
        features: (N, D), of any floating type.
        k: Number of values; a matrix that has fewer, min(N, D), gives all.

    Returns:
        Scalar, float32 or wider. 0 for an empty matrix; not finite if the features are not.

    Raises:
        ConfigError: If k is less than 1.

    Example:
        >>> smallest_singular_values(torch.diag(torch.tensor([5.0, 3.0, 2.0])), k=2)
        tensor(13.)
    """
    # Here, as every run would wait for SciPy.
    from scipy.linalg import eigh

    if k < 1:
        raise ConfigError(f'cft.BSS: k must be at least 1, got {k}')
    kind = torch.promote_types(features.dtype, torch.float32)
    if features.numel() == 0:
        return features.sum().to(kind)
    with torch.autocast(features.device.type, enabled=False):
        wide = features.double()
        rows = wide if wide.shape[0] <= wide.shape[1] else wide.T
        with torch.no_grad():
            gram = rows @ rows.T
            if not torch.isfinite(gram).all():
                # Eigenvalues of it do not exist; the loss is not finite either, which others watch for.
                vectors = gram[:, :k]
            else:
                # LAPACK gives some of the vectors much sooner than all, and the matrix is small enough to come here.
                _, some = eigh(gram.cpu().numpy(), subset_by_index=(0, min(k, len(gram)) - 1))
                vectors = torch.from_numpy(some).to(gram)
        return (vectors.T @ rows).square().sum().to(kind)


@MODELS.register_module()
class BSS(Term):
    """``weight`` times the sum of the k smallest squared singular values of the batch's features.

    The features are the rows that the classifier is given: of images, views,
    pixels or regions.

    Args:
        k: Number of singular values; the paper's 1.
        weight: eta; the paper's 0.001.
        gather: Take the features of all processes as one batch. The value
            averaged over the processes, and the gradient, then equal those of
            one process with the joined batch.

    Raises:
        ConfigError: If a setting is out of range, or the model has no such classifier.

    Example:
        >>> model = dict(regularizers=[dict(type='cft.BSS', k=1, weight=0.001)])
    """

    loss_name = 'loss_bss'

    def __init__(self, k: int = 1, weight: float = 0.001, gather: bool = False) -> None:
        check_factors('BSS', weight=weight)
        if k < 1:
            raise ConfigError(f'cft.BSS: k must be at least 1, got {k}')
        self.k, self.weight, self.gather = k, weight, gather

    def check(self, model: nn.Module) -> None:
        require_feature_rows(model)

    @contextlib.contextmanager
    def watch(self, model: nn.Module) -> Iterator[list[Tensor]]:
        with watch_feature_rows(model) as rows:
            yield rows

    def loss(self, model: nn.Module, seen: list[Tensor]) -> Tensor:
        features = torch.cat(seen)
        if self.gather:
            features = gather_rows_with_grad(features)
        return self.weight * smallest_singular_values(features, self.k)
