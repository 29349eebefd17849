"""MMEngine's visualizers make their figure when something is drawn.

Every run has a visualizer, for its trackers; matplotlib, of which it makes a
figure at once, takes half a second to import.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from mmengine.visualization import Visualizer

# In the order in which MMEngine's function gives them; the resolution follows from the figure.
PARTS = ('fig_save_canvas', 'fig_save', 'ax_save')
RESOLUTION = 'dpi'


class _NoFigure:
    """Stands for the parts while a visualizer is initialised."""

    def get_dpi(self) -> None:
        """There is no figure yet."""


class _OnDemand:
    """An attribute that is there once it is asked for; then, as any value of the instance, it hides this one."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, visualizer: Any, owner: type) -> Any:
        if visualizer is None or '_late_figure' not in vars(visualizer):
            raise AttributeError(self.name)
        values = visualizer._initialize_fig(vars(visualizer).pop('_late_figure'))
        vars(visualizer).update(zip(PARTS, values, strict=True), **{RESOLUTION: values[1].get_dpi()})
        return vars(visualizer)[self.name]


def make_figures_late() -> None:
    """Let visualizers wait with their figure; again, it does nothing more."""
    if hasattr(Visualizer.__init__, '__wrapped__'):
        return
    Visualizer.__init__ = _without_figure(Visualizer.__init__)
    for name in (*PARTS, RESOLUTION):
        attribute = _OnDemand()
        attribute.__set_name__(Visualizer, name)
        setattr(Visualizer, name, attribute)


def _without_figure(initialise: Callable[..., None]) -> Callable[..., None]:
    signature = inspect.signature(initialise)

    @functools.wraps(initialise)
    def initialise_without_figure(self: Visualizer, *args: Any, **kwargs: Any) -> None:
        if signature.bind(self, *args, **kwargs).arguments.get('image') is not None:
            # It is drawn at once.
            initialise(self, *args, **kwargs)
            return
        settings: list[dict] = []

        def remember(fig_cfg: dict) -> tuple[_NoFigure, ...]:
            settings.append(fig_cfg)
            return (_NoFigure(),) * len(PARTS)

        # Of this instance alone, whatever its class does otherwise.
        self._initialize_fig = remember
        initialise(self, *args, **kwargs)
        del self._initialize_fig
        if settings:
            self._late_figure = settings[0]
            for name in (*PARTS, RESOLUTION):
                vars(self).pop(name, None)

    # MMEngine looks for an argument called name, and not through the wrapper.
    vars(initialise_without_figure)['__signature__'] = signature
    return initialise_without_figure
