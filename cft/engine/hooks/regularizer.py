"""Give regularisers the weights that a run starts from, also after a resume."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dist import barrier, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from cft.engine.example_batches import example_batches
from cft.engine.model_access import unwrap_model
from cft.engine.optimizer_access import optim_wrappers
from cft.engine.seeded_batches import undisturbed_generators
from cft.engine.source_file import digest, read_source, write_source
from cft.errors import ConfigError
from cft.registry import HOOKS, MODELS

# Of the message hub, which is in every checkpoint; the weights themselves are once in the work dir.
KEY = 'source_weights'


@HOOKS.register_module()
class RegularizerHook(Hook):
    """Let regularisers compare with the weights that training starts from.

    These are the weights that are there before the first step, whether they
    come from ``checkpoint``, ``load_from`` or ``init_cfg``. Where a regulariser
    needs them, they are written to ``source_weights.pth`` in the work dir, with
    what was measured before training, and a resumed run reads them there or
    beside its checkpoint: it needs the original file no more. Checkpoints hold
    a digest of them, by which a file of another run is told.

    Without regularisers it does nothing.

    Args:
        regularizers: Configs of terms for a model that takes none itself, such
            as mmdet's detectors; the losses have the same names.

    Raises:
        ConfigError: Before training, if a term has no meaning for the model, both have regularisers, or a resumed
            run's source weights are not to be found.

    Example:
        >>> default_hooks = dict(regularizers=dict(type='cft.RegularizerHook', regularizers=[
        ...     dict(type='cft.L2SP', alpha=0.1, beta=0.01)]))
    """

    def __init__(self, regularizers: Sequence[dict] = ()) -> None:
        self.regularizers = list(regularizers)
        # A rehearsal of a run measures nothing.
        self.measures = True
        self._attached: Any = None

    def before_run(self, runner: Runner) -> None:
        """Add the terms before other hooks make copies of the model."""
        model: Any = unwrap_model(runner.model)
        if not self.regularizers or getattr(model, 'regularizers', self) is self._attached:
            return
        if getattr(getattr(model, 'regularizers', None), 'terms', None):
            raise ConfigError('both the model and cft.RegularizerHook have regularizers; keep those of one place')
        model.regularizers = self._attached = MODELS.build({'type': 'cft.Regularizers', 'terms': self.regularizers})
        model.regularizers.check(model)
        model.regularizers.attach(model)

    def before_train(self, runner: Runner) -> None:
        model: Any = unwrap_model(runner.model)
        regularizers: Any = getattr(model, 'regularizers', None)
        if not getattr(regularizers, 'terms', None):
            return
        examples = (lambda number: example_batches(runner, number)) if self.measures else None
        if not regularizers.needs_source:
            regularizers.begin(model, None, examples)
            return
        self._warn(runner, regularizers)
        known = runner.message_hub.runtime_info.get(KEY)
        if known is not None:
            # Beside the checkpoint, too: a run may be continued in another work dir.
            folders = [runner.work_dir, *([Path(runner._load_from).parent] if runner._load_from else [])]
            source = regularizers.source_from(*read_source(folders, str(known)))
        elif runner._resume and runner.iter > 0:
            raise ConfigError(
                f'{runner._load_from} was written without these regularizers, so the weights that its run started '
                'from are not known; start a new run from it with load_from and without resume'
            )
        else:
            source = regularizers.source_of(model)
            known = digest(source.tensors)
        with undisturbed_generators():
            regularizers.begin(model, source, examples)
        if is_main_process():
            write_source(runner.work_dir, source.tensors, source.channel_weights)
        barrier()
        runner.message_hub.update_info(KEY, known)

    @staticmethod
    def _warn(runner: Runner, regularizers: Any) -> None:
        names = ' and '.join(type(term).__name__ for term in regularizers.terms if term.needs_source)
        if not _is_pretrained(runner):
            runner.logger.warning(
                f'{names}: the backbone starts from random weights, and being held near them is no transfer; name the '
                'pre-trained file with checkpoint=FILE'
            )
        groups = itertools.chain.from_iterable(wrapper.param_groups for wrapper in optim_wrappers(runner))
        if any(group.get('weight_decay') for group in groups):
            runner.logger.warning(
                f'{names}: the weight decay of the optimiser pulls to zero what is to stay near its source; the '
                'published settings have optim_wrapper.optimizer.weight_decay=0'
            )


def _is_pretrained(runner: Runner) -> bool:
    if runner.cfg.get('checkpoint') is not None or runner._load_from is not None:
        return True
    backbone = runner.cfg.model.get('backbone') or {}
    init = backbone.get('init_cfg') or {}
    return any('checkpoint' in part for part in (init if isinstance(init, list) else [init])) or bool(
        backbone.get('pretrained')
    )
