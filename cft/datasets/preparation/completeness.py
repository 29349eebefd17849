"""The table at the end: what was found beside what is expected, and where the rest comes from."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from cft.errors import ConfigError


@dataclass(frozen=True)
class Finding:
    """One line of the table.

    Attributes:
        part: What ``--need`` calls it.
        title: Name to show.
        expected: Published number of samples.
        found: Samples with all of their files; None if there is nothing at all.
        purpose: What it is needed for.
        source: The download and its home page.
        problems: What is wrong, one sentence each.
    """

    part: str
    title: str
    expected: int
    found: int | None
    purpose: str
    source: str
    problems: tuple[str, ...] = ()

    @property
    def absent(self) -> bool:
        return self.found is None

    @property
    def complete(self) -> bool:
        return self.found == self.expected and not self.problems


def make_console() -> Console:
    """Console on standard output; a file or pipe gets lines wide enough for the table.

    Example:
        >>> make_console().print('3 of 3 parts are complete')
        3 of 3 parts are complete
    """
    return Console(width=None if sys.stdout.isatty() else 140)


def some(names: Iterable[str], shown: int = 3) -> str:
    """The first few names and the number of the others.

    Example:
        >>> some(['d', 'c', 'b', 'a'])
        'a, b, c and 1 more'
    """
    ordered = sorted(names)
    rest = len(ordered) - shown
    return ', '.join(ordered[:shown]) + (f' and {rest:,} more' if rest > 0 else '')


def report_findings(findings: Sequence[Finding], needed: Sequence[str], console: Console) -> None:
    """Print the table, every mismatch, and where missing data come from.

    Args:
        findings: One per line of the table.
        needed: Parts that must be there; other parts may be absent, but not incomplete.
        console: Where to print.

    Raises:
        ConfigError: If something needed is absent, or anything is incomplete.
    """
    table = Table('data', 'expected', 'found', 'state', 'part', 'for')
    for column in (1, 2):
        table.columns[column].justify = 'right'
    for line in findings:
        found = '-' if line.found is None else f'{line.found:,}'
        table.add_row(line.title, f'{line.expected:,}', found, _state(line, needed), line.part, line.purpose)
    console.print(table)
    failing = [line for line in findings if not line.complete and (not line.absent or line.part in needed)]
    for line in failing:
        for problem in line.problems or (f'{_count(line)} found, {line.expected:,} expected',):
            _print(console, f'{line.title}: {problem}')
    optional = [line for line in findings if line.absent and line.part not in needed]
    for line in optional:
        _print(console, f'{line.title} is absent; it is needed only for {line.purpose}: {"; ".join(line.problems)}')
    if failing or optional:
        _print(console, 'Where the data come from (links move; what is checked here are the counts):')
        for source in dict.fromkeys(line.source for line in [*failing, *optional]):
            _print(console, f'  {source}')
    if failing:
        raise ConfigError(f'{len(failing)} of {len(findings)} missing or incomplete: {_titles(failing)}; see above')


def _state(line: Finding, needed: Sequence[str]) -> str:
    if line.complete:
        return 'complete'
    if not line.absent:
        return 'incomplete'
    return 'missing' if line.part in needed else 'absent, optional'


def _count(line: Finding) -> str:
    return 'nothing' if line.found is None else f'{line.found:,}'


def _titles(findings: Sequence[Finding]) -> str:
    return ', '.join(line.title for line in findings)


def _print(console: Console, text: str) -> None:
    # Paths and addresses stay whole, for copying.
    console.print(text, soft_wrap=True, markup=False, highlight=False)
