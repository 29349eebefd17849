"""The log histories and counters in a checkpoint: what is damaged among them is left out, and stops no run."""

import logging
import re
from collections.abc import Callable

from mmengine.logging import HistoryBuffer, print_log

PARTS = ('log_scalars', 'runtime_info', 'resumed_keys')


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) or (getattr(value, 'ndim', None) == 0)


# What hooks take from the hub as it is; anything else of other names is its owner's.
KINDS: tuple[tuple[str, Callable[[object], bool]], ...] = (
    (r'best_score.*', _is_number),
    (r'best_ckpt.*|last_ckpt', lambda value: value is None or isinstance(value, str)),
    (r'keep_ckpt_ids', lambda value: isinstance(value, list) and all(isinstance(step, int) for step in value)),
    (r'non_finite_steps|epoch|iter', lambda value: isinstance(value, int)),
)


def mend_message_hub(content: dict, path: object) -> None:
    """Take out what MMEngine or a hook would trip over, in place, and tell of it in one warning.

    Weights, optimiser and schedules do not depend on it; the curves of a run and
    its best score may begin anew.

    Args:
        content: A checkpoint. One without a hub stays without.
        path: For the message.

    Example:
        >>> content = {'message_hub': {'log_scalars': {}, 'runtime_info': {'iter': 4}, 'resumed_keys': {}}}
        >>> mend_message_hub(content, 'epoch_1.pth')
        >>> content['message_hub']['runtime_info']
        {'iter': 4}
    """
    if 'message_hub' not in content:
        return
    hub = content['message_hub'] if isinstance(content['message_hub'], dict) else {}
    damaged = [part for part in PARTS if not isinstance(hub.get(part), dict)]
    parts = {part: {} if part in damaged else hub[part] for part in PARTS}
    for part, fits in (('log_scalars', _is_history), ('runtime_info', _is_info)):
        wrong = [name for name, value in parts[part].items() if not fits(name, value)]
        damaged += [f'{part}.{name}' for name in wrong]
        for name in wrong:
            del parts[part][name]
    if damaged:
        print_log(
            f'{path}: its message hub is damaged, and the run goes on without {", ".join(damaged[:4])}'
            f'{f" and {len(damaged) - 4} more" if len(damaged) > 4 else ""}',
            'current',
            logging.WARNING,
        )
        content['message_hub'] = {**hub, **parts}


def _is_history(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, HistoryBuffer)


def _is_info(name: object, value: object) -> bool:
    return isinstance(name, str) and all(fits(value) for pattern, fits in KINDS if re.fullmatch(pattern, name))
