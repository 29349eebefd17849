"""The table of held-out domains, against hand calculation."""

import itertools

import pytest

from cft.evaluation.domain_table import domain_table


def result(method: str, domain: str, seed: int, test: float) -> dict:
    return {'method': method, 'test_domain': domain, 'seed': seed, 'test': test}


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in table.splitlines()]


def test_published_row() -> None:
    """Table 4 of the appendix: cross-entropy on Office-Home; its 58.18 is 58.175."""
    values = {'A': 50.31, 'C': 48.91, 'P': 64.72, 'R': 68.76}
    table = domain_table([result('CE', domain, 0, value) for domain, value in values.items()])
    header, _, row = cells(table)
    assert header == ['method', 'A', 'C', 'P', 'R', 'Avg.']
    assert row == ['CE', '50.31', '48.91', '64.72', '68.76', '58.17']


def test_seeds() -> None:
    """Seed means are (10 + 30) / 2 = 20 and (14 + 50) / 2 = 32: mean 26, deviation 12 / sqrt(2)."""
    values = {('a', 0): 10.0, ('b', 0): 30.0, ('a', 1): 14.0, ('b', 1): 50.0}
    table = domain_table([result('ce', domain, seed, test) for (domain, seed), test in values.items()])
    assert cells(table)[2] == ['ce', '12.00 ± 2.83', '40.00 ± 14.14', '26.00 ± 8.49']


def test_lines_are_of_equal_width_and_the_order_of_results_does_not_matter() -> None:
    results = [result(m, d, s, 10.0 + s) for m, d, s in itertools.product(('ce', 'longer'), ('a', 'b'), (0, 1))]
    table = domain_table(results)
    assert len({len(line) for line in table.splitlines()}) == 1
    assert sorted(domain_table(results[::-1]).splitlines()[2:]) == sorted(table.splitlines()[2:])


@pytest.mark.parametrize('change', [lambda r: r[:-1], lambda r: [*r, r[0]]])
def test_missing_or_double_results(change) -> None:
    results = [result(m, d, 0, 50.0) for m, d in itertools.product(('ce', 'scl'), ('a', 'b'))]
    with pytest.raises(ValueError, match='one result for each'):
        domain_table(change(results))
