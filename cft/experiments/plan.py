"""A list of runs, each after those that it needs."""

from collections.abc import Iterator, Sequence

from cft.errors import ConfigError

from .run import Run


class Plan:
    """Runs in an order in which they can be done.

    Args:
        runs: In the order in which they shall begin, as far as what they need allows.

    Raises:
        ConfigError: If a name occurs twice, a run needs one that is not there, or itself by a circle.

    Example:
        >>> from cft.experiments import Output
        >>> plan = Plan([Run('scl-0', 'scl/folder', {'checkpoint': Output('sce')}), Run('sce', 'sce/folder')])
        >>> [run.name for run in plan]
        ['sce', 'scl-0']
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.by_name = {run.name: run for run in runs}
        if len(self.by_name) < len(runs):
            names = [run.name for run in runs]
            raise ConfigError(f'two runs are called {next(name for name in names if names.count(name) > 1)}')
        self.runs = list(_in_order(self.by_name))

    def __iter__(self) -> Iterator[Run]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)


def _in_order(by_name: dict[str, Run]) -> Iterator[Run]:
    for run in by_name.values():
        for name in run.needs:
            if name not in by_name:
                raise ConfigError(f'run {run.name} needs {name}, which is not in the plan; it has {", ".join(by_name)}')
    left = dict(by_name)
    while left:
        ready = next((run for run in left.values() if not set(run.needs) & set(left)), None)
        if ready is None:
            raise ConfigError(f'these runs need each other in a circle: {", ".join(left)}')
        del left[ready.name]
        yield ready
