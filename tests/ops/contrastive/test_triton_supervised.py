"""Kernels of the two passes of supervised losses, against all similarities at once in float64."""

import pytest
import torch
from torch import Tensor

from cft.ops.contrastive.rows import Rows
from cft.ops.contrastive.statistics import Statistics, lowest, weights_of
from tests.ops.contrastive.kernel_cases import Supervised, assert_close, classes, interpreted, unit

pytestmark = pytest.mark.slow

# Tiles are of 64 by 32 rows and 32 channels (64 by 64 and 64 of short types), and write 128 channels.
CASES = {
    'tails': Supervised(unit(70, 20), classes(70, 5)),
    'two blocks of channels': Supervised(unit(40, 150), classes(40, 3)),
    'whole tiles': Supervised(unit(64, 32), classes(64, 4)),
    'rows of another rank': Supervised(unit(70, 20), classes(70, 5), unit(33, 20, 1), classes(33, 7)),
    'no rows of another rank': Supervised(unit(5, 8), classes(5, 2), unit(0, 8), classes(0, 1)),
    'one row': Supervised(unit(1, 8), classes(1, 1)),
    'one class': Supervised(unit(40, 16), classes(40, 1)),
    'no positives': Supervised(unit(40, 16), classes(40, 40)),
    'sharp': Supervised(unit(40, 16), classes(40, 4), temperature=1e-3),
    'bfloat16': Supervised(unit(70, 20, dtype=torch.bfloat16), classes(70, 5)),
    'float16': Supervised(unit(40, 16, dtype=torch.float16), classes(40, 4)),
    'sums alone': Supervised(unit(40, 16), classes(40, 4), options=()),
    'entropy alone': Supervised(unit(40, 16), classes(40, 4), options=('entropy',)),
    'squares alone': Supervised(unit(40, 16), classes(40, 4), options=('squares',)),
}


def factors(number: int, options: tuple[str, ...], seed: int) -> Statistics:
    """Gradient of a loss by the statistics."""
    table = torch.randn(5, number, generator=torch.Generator().manual_seed(seed))
    present = (True, True, True, 'entropy' in options, 'squares' in options)
    return Statistics(*(each if there else None for each, there in zip(table, present, strict=True)))


def by_kernels(case: Supervised) -> list[Tensor | None]:
    """Statistics of the anchors and, last, their gradient."""
    from cft.ops.contrastive.kernel_passes import add_gradient, row_statistics

    temperature, options = case.temperature, dict.fromkeys(case.options, True)
    anchors = Rows(case.anchors, case.labels)
    others = anchors if case.others is None else Rows(case.others, case.other_labels)
    statistics = row_statistics(anchors, others, temperature, **options)
    weights = weights_of(statistics, factors(len(anchors.labels), case.options, 2), temperature)
    of_others = weights
    if others is not anchors:
        theirs = row_statistics(others, anchors, temperature, **options)
        of_others = weights_of(theirs, factors(len(others.labels), case.options, 3), temperature)
    gradient = torch.zeros(anchors.rows.shape)
    add_gradient(gradient, anchors, others, temperature, weights, of_others)
    # Twice, to see that it adds.
    add_gradient(gradient, anchors, others, temperature, weights, of_others)
    return [*statistics, gradient]


def all_at_once(case: Supervised) -> list[Tensor]:
    """The same in float64, by autograd through loops over the anchors."""
    anchors = case.anchors.double().requires_grad_()
    alone = case.others is None
    others, labels = (anchors, case.labels) if alone else (case.others.double(), case.other_labels)
    similarities = anchors @ others.T / case.temperature
    same = case.labels[:, None] == labels
    itself = torch.eye(*same.shape, dtype=torch.bool) & alone
    statistics = by_loops(similarities, same & ~itself, ~same)
    terms = [(statistics, factors(len(anchors), case.options, 2))]
    if not alone:
        terms.append((by_loops(similarities.T, same.T, ~same.T), factors(len(others), case.options, 3)))
    loss = sum(
        (each * factor).sum()
        for found, given in terms
        for each, factor in zip(found, given, strict=True)
        if factor is not None
    )
    (gradient,) = torch.autograd.grad(loss, anchors)
    return [*(each.detach() for each in statistics), 2 * gradient]


def by_loops(similarities: Tensor, positive: Tensor, negative: Tensor) -> list[Tensor]:
    """Statistics of each row."""

    def logsumexp(values: Tensor) -> Tensor:
        return values.logsumexp(dim=0) if len(values) else values.sum() + lowest(torch.float32)

    rows = []
    for row, of_row, not_of_row in zip(similarities, positive, negative, strict=True):
        p, n = row[of_row], row[not_of_row]
        entropy = -(p.softmax(dim=0) * p.log_softmax(dim=0)).sum()
        rows.append(torch.stack([logsumexp(p), logsumexp(n), p.sum(), entropy, logsumexp(2 * n)]))
    return list(torch.stack(rows).T) if rows else list(similarities.new_zeros(5, 0))


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Tensor | None]]:
    """Of all cases."""
    return interpreted('test_triton_supervised', tmp_path_factory.mktemp('supervised'))


@pytest.mark.parametrize('name', CASES)
def test_passes_equal_all_similarities_at_once(name: str, found: dict[str, list[Tensor | None]]) -> None:
    """Statistics and gradients but for some roundings of the largest similarity."""
    case = CASES[name]
    tolerance = 1e-6 / case.temperature
    *expected, expected_gradient = all_at_once(case)
    *statistics, gradient = found[name]
    for each, reference, asked in zip(statistics, expected, factors(1, case.options, 0), strict=True):
        assert (each is None) == (asked is None)
        if each is not None:
            assert_close(each, reference, tolerance)
    assert_close(gradient, expected_gradient, tolerance)
