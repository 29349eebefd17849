"""Several terms, and how they come to the losses of a model."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor, nn

from cft.errors import ConfigError
from cft.registry import MODELS

from .source import SourceWeights
from .term import Examples, Term


@MODELS.register_module()
class Regularizers:
    """The regularisers of a model.

    Args:
        terms: Configs, such as ``dict(type='cft.L2SP')``.

    Raises:
        ConfigError: If there are two of a kind.

    Example:
        >>> regularizers = Regularizers([dict(type='cft.BSS', k=1, weight=0.001)])
        >>> [term.loss_name for term in regularizers.terms]
        ['loss_bss']
    """

    def __init__(self, terms: Sequence[dict] = ()) -> None:
        self.terms: list[Term] = [MODELS.build(term) for term in terms]
        names = [type(term).__name__ for term in self.terms]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f'regularizers has cft.{twice[0]} twice; keep one of them')

    @property
    def needs_source(self) -> bool:
        """Whether a term compares with the weights that training starts from."""
        return any(term.needs_source for term in self.terms)

    def check(self, model: nn.Module) -> None:
        """Let each term refuse a model with which it has no meaning."""
        for term in self.terms:
            term.check(model)

    def begin(self, model: nn.Module, source: SourceWeights | None, examples: Examples | None) -> None:
        """Give each term what it needs, before the first step or after a resume; see :meth:`Term.begin`."""
        for term in self.terms:
            term.begin(model, source, examples)

    @staticmethod
    def source_of(model: nn.Module) -> SourceWeights:
        """The source weights of a model that has not been trained yet."""
        return SourceWeights.of(model)

    @staticmethod
    def source_from(tensors: dict[str, Tensor], channel_weights: dict[str, Tensor]) -> SourceWeights:
        """Source weights that have been kept."""
        return SourceWeights(tensors, channel_weights)

    @contextlib.contextmanager
    def watch(self, model: nn.Module) -> Iterator[dict[str, Tensor]]:
        """Run the model inside the block; at its end the losses are in the dict that this yields."""
        losses: dict[str, Tensor] = {}
        with contextlib.ExitStack() as stack:
            seen = [stack.enter_context(term.watch(model)) for term in self.terms]
            yield losses
        for term, what in zip(self.terms, seen, strict=True):
            losses[term.loss_name] = term.loss(model, what)

    def attach(self, model: nn.Module) -> None:
        """Add the terms to the losses that the model returns from ``forward(..., mode='loss')``.

        For models of other libraries. Copies of the model have them, too.
        """
        attached = _Attached(self)
        model.register_forward_pre_hook(attached.before, with_kwargs=True)
        model.register_forward_hook(attached.after, with_kwargs=True, always_call=True)

    def __deepcopy__(self, memo: dict) -> 'Regularizers':
        return self


class _Attached:
    """The block of :meth:`Regularizers.watch`, around a forward pass."""

    def __init__(self, regularizers: Regularizers) -> None:
        self.regularizers = regularizers
        self._block: Any = None

    def before(self, model: nn.Module, args: tuple, kwargs: dict) -> None:
        if kwargs.get('mode') == 'loss':
            self._block = self.regularizers.watch(model)
            self._losses = self._block.__enter__()

    def after(self, model: nn.Module, args: tuple, kwargs: dict, output: Any) -> Any:
        if self._block is None:
            return None
        block, self._block = self._block, None
        if not isinstance(output, dict):
            # The pass has failed: nothing is computed, and its error goes on its way.
            block.__exit__(RuntimeError, RuntimeError('no losses'), None)
            return None
        block.__exit__(None, None, None)
        return {**output, **self._losses}
