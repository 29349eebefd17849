"""A digest of what the result of a run depends on, by which finished runs are known."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .plan import Plan
from .run import Output, Run

# How much of it stands in the name of a folder.
DIGITS = 10


def fingerprints(plan: Plan, work: str, facts: Mapping[str, Any]) -> dict[str, str]:
    """The fingerprint of each run of a plan.

    It covers the work, the facts (or config and overrides), seed, options and
    the fingerprints of the runs that are needed. Names and labels are not in
    it, nor are versions of the code: those stand in the record, so that a
    bug-fix release does not throw weeks of results away.

    Args:
        plan: The runs.
        work: ``'module:function'``.
        facts: For a run's name, what its result depends on instead of its config and overrides as they are written;
            JSON values, in which :func:`placeholder` stands for the output of another run.

    Returns:
        64 hexadecimal digits by name.

    Example:
        >>> first = fingerprints(Plan([Run('a', 'ce/folder', labels={'draw': 0})]), 'm:f', {})
        >>> second = fingerprints(Plan([Run('b', 'ce/folder')]), 'm:f', {})
        >>> first['a'] == second['b']
        True
    """
    found: dict[str, str] = {}
    for run in plan:
        content = {
            'work': work,
            'facts': facts[run.name] if run.name in facts else [run.config, filled_in(run)],
            'seed': run.seed,
            'options': dict(run.options),
            'needs': [found[name] for name in run.needs],
        }
        text = json.dumps(content, sort_keys=True, default=str)
        found[run.name] = hashlib.sha256(text.encode()).hexdigest()
    return found


def placeholder(run: Run, output: Output) -> str:
    """What stands for the output of another run, whatever that is called.

    Example:
        >>> run = Run('scl', 'scl/folder', {'checkpoint': Output('sce')})
        >>> placeholder(run, run.overrides['checkpoint'])
        'output:0'
    """
    return f'output:{run.needs.index(output.run)}'


def filled_in(run: Run) -> dict[str, Any]:
    """The overrides with a placeholder for each output of another run.

    Example:
        >>> filled_in(Run('scl', 'scl/folder', {'checkpoint': Output('sce'), 'epochs': 3}))
        {'checkpoint': 'output:0', 'epochs': 3}
    """
    return {
        name: placeholder(run, value) if isinstance(value, Output) else value for name, value in run.overrides.items()
    }
