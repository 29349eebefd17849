"""Nearest neighbours by cosine similarity, in bounded memory, and the accuracy of their vote."""

import numpy as np

from cft.errors import DataError

from .feature_rows import blocks, checked_features, unit_rows

# Candidates beyond the k that are asked for: their similarities are computed again in float64.
SPARE = 32
# float32 products of unit rows are off by less: by 1e-6 at 2,048 numbers.
ROUNDING = 1e-5
# Bytes of a block of references and of a block of similarities.
BLOCK = 2**27
# Of a similarity: those that are equal to so many tie.
DIGITS = 12


def nearest_neighbours(
    features: np.ndarray, references: np.ndarray, k: int, device: str | None = None, block: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k references of the largest cosine similarity to each row, exact whatever the device.

    Candidates are found in float32, block by block; half precision and TF32
    would miss some. Similarities of candidates are computed again in float64.
    Where a reference that is no candidate could still be among the nearest,
    as with many equal images, the row is compared with all references in
    float64. Similarities equal to 1e-12 tie; of a tie the lower row comes first.

    Args:
        features: (N, D).
        references: (M, D), possibly a memory map; read once, in blocks.
        k: Number of neighbours, at most M.
        device: Where blocks are compared, in about 0.5 GiB; None: the CUDA device, if there is one.
        block: Rows compared at once; None: as many as that memory holds.

    Returns:
        (N, k) float64 similarities, descending, and (N, k) row numbers.

    Raises:
        DataError: If a row is not finite, the widths differ, or there are fewer than k references.

    Example:
        >>> similarities, rows = nearest_neighbours(np.eye(2), np.array([[0., 3.], [4., 3.], [1., 0.]]), k=2)
        >>> similarities.tolist(), rows.tolist()
        ([[1.0, 0.8], [1.0, 0.6]], [[2, 1], [0, 1]])
    """
    features, _ = checked_features(features)
    references, _ = checked_features(references)
    if features.shape[1] != references.shape[1]:
        raise DataError(f'features {features.shape[1]} wide beside training features {references.shape[1]} wide')
    if not 1 <= k <= len(references):
        raise DataError(f'{k} neighbours (n_neighbors) of {len(references)} references: give k from 1 to that number')
    place = device or _default_device()
    values, found = _search(features, references, min(k + SPARE, len(references)), place, block, np.float32)
    similarities = np.empty((len(features), k))
    rows = np.empty((len(features), k), dtype=np.int64)
    width = features.shape[1]
    for part in blocks(len(features), max(1, BLOCK // (8 * width * found.shape[1]))):
        candidates = unit_rows(references[found[part]].reshape(-1, width)).reshape(*found[part].shape, width)
        products = np.round(np.einsum('nd,ncd->nc', unit_rows(features[part]), candidates), DIGITS)
        order = np.lexsort((found[part], -products), axis=-1)[:, :k]
        similarities[part] = np.take_along_axis(products, order, 1)
        rows[part] = np.take_along_axis(found[part], order, 1)
    if found.shape[1] < len(references):
        unsure = np.flatnonzero(values[:, -1] + ROUNDING >= similarities[:, -1])
        if len(unsure):
            similarities[unsure], rows[unsure] = _search(features[unsure], references, k, place, block, np.float64)
    return similarities, rows


def knn_accuracy(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    test_labels: np.ndarray,
    k: int = 20,
    temperature: float = 0.07,
) -> float:
    """Classify test features by their k nearest training features.

    Neighbours are found by cosine similarity s and vote with weight
    ``exp(s / temperature)``, as usual since Wu et al. 2018. Of classes with
    equal votes the lower label wins.

    Args:
        train_features: (N, D).
        train_labels: (N,) integers.
        test_features: (M, D).
        test_labels: (M,) integers.
        k: Number of neighbours, at most N.
        temperature: Of the weights.

    Returns:
        Accuracy in per cent.

    Raises:
        DataError: As :func:`nearest_neighbours`.

    Example:
        >>> x, y = np.eye(3), np.arange(3)
        >>> knn_accuracy(x, y, x, y, k=1)
        100.0
    """
    similarities, rows = nearest_neighbours(test_features, train_features, k)
    classes, numbers = np.unique(train_labels, return_inverse=True)
    # The largest weight is 1: no overflow at any temperature.
    weights = np.exp((similarities - similarities[:, :1]) / temperature)
    right = 0
    for part in blocks(len(rows)):
        votes = np.zeros((len(rows[part]), len(classes)))
        np.add.at(votes, (np.arange(len(votes))[:, None], numbers[rows[part]]), weights[part])
        right += int((classes[votes.argmax(axis=1)] == np.asarray(test_labels)[part]).sum())
    return 100 * right / len(rows)


def _search(
    features: np.ndarray, references: np.ndarray, count: int, device: str, block: int | None, kind: type
) -> tuple[np.ndarray, np.ndarray]:
    """(N, count) largest similarities in arithmetic of a kind, and their rows; in float64 ties are in order."""
    # Here, as every command would wait for it.
    import torch

    exact = kind is np.float64
    size = np.dtype(kind).itemsize
    reading = min(len(references), block or max(1, BLOCK // (size * references.shape[1])))
    asking = block or max(1, BLOCK // (size * max(reading, references.shape[1])))
    own = _directions(features, kind)
    values = torch.full((len(features), count), -torch.inf, dtype=torch.from_numpy(own[:0]).dtype)
    found = torch.zeros(len(features), count, dtype=torch.long)

    def largest(products: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        kept = min(count, products.shape[1])
        if not exact:
            return products.topk(kept)
        ordered, where = products.sort(dim=1, descending=True, stable=True)
        return ordered[:, :kept], where[:, :kept]

    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision('highest')
    try:
        for known in blocks(len(references), reading):
            pool = torch.from_numpy(_directions(references[known], kind)).to(device).T
            for part in blocks(len(features), asking):
                products = torch.from_numpy(own[part]).to(device) @ pool
                best, where = largest(products.round(decimals=DIGITS) if exact else products)
                # What was found before has lower rows.
                joined = torch.cat([values[part].to(device), best], dim=1)
                numbers = torch.cat([found[part].to(device), where + known.start], dim=1)
                best, where = largest(joined)
                values[part], found[part] = best.cpu(), numbers.gather(1, where).cpu()
    finally:
        torch.set_float32_matmul_precision(precision)
    return values.double().numpy(), found.numpy()


def _directions(rows: np.ndarray, kind: type) -> np.ndarray:
    """:func:`unit_rows` in another type, without a copy of the rows in float64."""
    lengths = np.sqrt(np.einsum('nd,nd->n', rows, rows, dtype=np.float64))
    return np.divide(rows, np.maximum(lengths, 1e-12)[:, None], out=np.empty(rows.shape, kind), casting='same_kind')


def _default_device() -> str:
    import torch

    return 'cuda' if torch.cuda.is_available() else 'cpu'
