"""What a regulariser is."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch import Tensor, nn

from cft.errors import ConfigError

from .source import SourceWeights

# Number of images -> batches of images (B, C, H, W), their targets (B, K), and whether an image has one class only.
Examples = Callable[[int], Iterable[tuple[Tensor, Tensor, bool]]]


class Term:
    """A term that is added to the losses of a model.

    It knows of the model only what it is given at each call: one object serves
    the model and its copies, such as moving averages.

    Attributes:
        loss_name: Key among the losses.
        needs_source: Whether it compares with the weights that training starts from.

    Example:
        >>> class Nothing(Term):
        ...     loss_name = 'loss_nothing'
        ...     def loss(self, model, seen):
        ...         return torch.zeros(())
        >>> Nothing().needs_source
        False
    """

    loss_name: str
    needs_source = False
    _source: SourceWeights | None = None

    def check(self, model: nn.Module) -> None:
        """Refuse a model with which the term has no meaning, before training.

        Raises:
            ConfigError: With the reason.
        """

    def begin(self, model: nn.Module, source: SourceWeights | None, examples: Examples | None) -> None:
        """Take the source weights, before the first step or after a resume.

        Args:
            model: As it begins.
            source: Weights that the run has started from; None if no term needs them.
            examples: Training images for what is measured before training; None measures nothing.
        """
        self._source = source

    @property
    def source(self) -> SourceWeights:
        """The weights that the run has started from."""
        if self._source is None:
            raise ConfigError(
                f'cft.{type(self).__name__} has no source weights: they are kept by '
                "default_hooks=dict(regularizers=dict(type='cft.RegularizerHook')); add it to the config"
            )
        return self._source

    @contextlib.contextmanager
    def watch(self, model: nn.Module) -> Iterator[Any]:
        """See what passes through the model inside the block; :meth:`loss` is given what this yields."""
        yield None

    def loss(self, model: nn.Module, seen: Any) -> Tensor:
        """The scalar term, with its weight, after a forward pass of the model."""
        raise NotImplementedError

    def __deepcopy__(self, memo: dict) -> 'Term':
        return self
