"""Data sets leave garbage to Python, which collects it when there is some.

MMEngine's data sets ask for a full collection whenever they have read their
list: it looks at every object of the process, a quarter of a second with the
libraries imported, and a run reads three to six lists. What was read is freed
without it, as nothing in a list of samples points back.
"""

import gc
from types import ModuleType

from mmengine.dataset import base_dataset


class _WithoutFullCollection(ModuleType):
    """The module ``gc`` with a ``collect`` that looks at the youngest objects alone."""

    def __getattr__(self, name: str) -> object:
        return getattr(gc, name)

    def collect(self, generation: int = 0) -> int:
        """As ``gc.collect``."""
        return gc.collect(generation)


def leave_garbage() -> None:
    """Let data sets collect the youngest objects alone; again, it does nothing more."""
    vars(base_dataset)['gc'] = _WithoutFullCollection('gc')
