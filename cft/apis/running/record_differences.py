"""In what a run differs from the one that it resumes."""

# Settings that say where and how it runs, not what is computed.
INCIDENTAL = (
    'work_dir', 'experiment_name', 'resume', 'load_from', 'launcher', 'log_level', 'log_processor', 'visualizer',
    'default_hooks.logger', 'default_hooks.checkpoint', 'default_hooks.progress_bar', 'default_hooks.visualization',
    'env_cfg.dist_cfg', 'data_root', 'filename',
)  # fmt: skip
INCIDENTAL_ENDINGS = ('num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor', 'data_root', 'ann_file')
SHOWN = 8


def compare_starts(before: dict, now: dict) -> list[str]:
    """What differs between two starts and may change results, in words.

    Args:
        before: An entry of ``record.json``.
        now: A later one.

    Example:
        >>> compare_starts({'seed': 0}, {'seed': 1})
        ['seed was 0, is 1']
    """
    flat_before, flat_now = (
        {**{key: start.get(key) for key in ('seed', 'processes', 'device')}, **_flat(start.get('versions', {}))}
        | {'commit': start.get('code', {}).get('commit'), 'training data': start.get('data', {}).get('digest')}
        | {name: value for name, value in _flat(start.get('config', {})).items() if not _is_incidental(name)}
        for start in (before, now)
    )
    changed = [
        f'{name} was {flat_before.get(name)}, is {flat_now.get(name)}'
        for name in {**flat_before, **flat_now}
        if flat_before.get(name) != flat_now.get(name)
    ]
    return changed[:SHOWN] + ([f'{len(changed) - SHOWN} more, see record.json'] if len(changed) > SHOWN else [])


def _flat(node: object, where: str = '') -> dict[str, object]:
    """Values by their dotted place; of an empty list or dict itself."""
    if not isinstance(node, dict | list) or not node:
        return {where: node}
    items = node.items() if isinstance(node, dict) else enumerate(node)
    flat: dict[str, object] = {}
    for key, value in items:
        flat |= _flat(value, f'{where}.{key}' if where else str(key))
    return flat


def _is_incidental(name: str) -> bool:
    return name.startswith(INCIDENTAL) or name.split('.')[-1] in INCIDENTAL_ENDINGS
