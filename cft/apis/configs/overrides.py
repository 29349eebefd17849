"""Settings that the command line, or a caller, changes in a config that was read."""

import ast
import difflib
import inspect
import logging
from collections.abc import Mapping, Sequence

from mmengine.config import ConfigDict
from mmengine.logging import print_log

from cft.engine.shortcuts import SHORTCUTS, follow_places, places_of, set_shortcut
from cft.errors import ConfigError

from .component_names import find_component

# Names that a config may give to MMEngine's Runner.
RUNNER_KEYS = {
    'auto_scale_lr', 'compile', 'custom_hooks', 'custom_imports', 'data_preprocessor', 'default_hooks', 'default_scope',
    'env_cfg', 'experiment_name', 'find_unused_parameters', 'launcher', 'load_from', 'log_level', 'log_processor',
    'model', 'model_wrapper_cfg', 'optim_wrapper', 'param_scheduler', 'randomness', 'resume', 'sync_bn', 'test_cfg',
    'test_dataloader', 'test_evaluator', 'train_cfg', 'train_dataloader', 'val_cfg', 'val_dataloader',
    'val_evaluator', 'visualizer', 'work_dir',
}  # fmt: skip
# Paths are text whatever they look like; these two may be emptied by None.
PATHS = {'data_root', 'work_dir', 'checkpoint', 'load_from'}
EMPTIED_BY_NONE = {'checkpoint', 'load_from'}
MISSING = object()

Overrides = Mapping[str, object] | Sequence[str]


def apply_overrides(cfg: ConfigDict, overrides: Overrides) -> None:
    """Change settings of a config by their dotted names.

    Shortcuts (:mod:`cft.engine.shortcuts`) reach the places that they stand
    for. A dict is merged into the one that is there. A new ``type``, however,
    keeps only the arguments that are given beside it, and a log line names what
    the old one had; so it does with ``custom_hooks`` that a new list lacks.

    Args:
        cfg: The config's dict, changed in place.
        overrides: Values by name, or ``'NAME=VALUE'`` texts, read by :func:`read_value`.

    Raises:
        ConfigError: If a name is misspelt, a text has no ``=``, or a value
            cannot be read.

    Example:
        >>> cfg = ConfigDict(model=dict(head=dict(num_classes=10)))
        >>> apply_overrides(cfg, ['model.head.num_classes=3'])
        >>> cfg.model.head.num_classes
        3
    """
    given = dict(overrides) if isinstance(overrides, Mapping) else _split(overrides)
    options: dict = {}
    # A shortcut may make the place that another setting names, such as the project of a tracker.
    for name in sorted(given, key=lambda name: name not in SHORTCUTS):
        _check_name(cfg, name, given)
        value = given[name]
        if not isinstance(overrides, Mapping):
            value = read_value(name, str(value), _present(cfg, name))
        if name in SHORTCUTS and (cfg.get(name) is not None or (name in cfg and places_of(cfg, name, None))):
            set_shortcut(cfg, name, value)
        else:
            *outer, last = name.split('.')
            node = options
            for key in outer:
                node = node.setdefault(key, {})
            node[last] = value
    _merge(cfg, options, '')
    follow_places(cfg, set(given))


def names_of(overrides: Overrides) -> list[str]:
    """Dotted names of the settings that are changed.

    Raises:
        ConfigError: If a text is not ``NAME=VALUE``.

    Example:
        >>> names_of(['data_root=my flowers', 'epochs=3'])
        ['data_root', 'epochs']
    """
    return list(overrides if isinstance(overrides, Mapping) else _split(overrides))


def values_of(cfg: dict, texts: Sequence[str]) -> dict[str, object]:
    """What ``'NAME=VALUE'`` texts mean for a config.

    Example:
        >>> values_of({'data_root': 'images', 'epochs': 100}, ['data_root=2024', 'epochs=20'])
        {'data_root': '2024', 'epochs': 20}
    """
    return {name: read_value(name, str(text), _present(cfg, name)) for name, text in _split(texts).items()}


def read_value(name: str, text: str, present: object = None) -> object:
    """What a text on the command line means.

    Where the present value is text, and for paths, it is the text itself:
    blanks, commas, quotes and digits included. Elsewhere it is a Python
    literal, ``dict(type=...)`` among them, a list without brackets
    (``4,8``), or, where it is neither, text.

    Args:
        name: Dotted name of the setting.
        text: What stands after the ``=``.
        present: The value in the config; None if there is none.

    Raises:
        ConfigError: If a number is replaced by what is none, or brackets do not match.

    Example:
        >>> read_value('data_root', '2024', 'data/images'), read_value('epochs', '2024', 100)
        ('2024', 2024)
        >>> read_value('model.head', "dict(type='LinearClsHead', num_classes=3)")
        {'type': 'LinearClsHead', 'num_classes': 3}
    """
    if name in EMPTIED_BY_NONE and text == 'None':
        return None
    if isinstance(present, str) or (name.split('.')[-1] in PATHS and not isinstance(present, dict)):
        return text
    value = _literal(name, text)
    numeric = isinstance(present, int | float) and not isinstance(present, bool)
    if numeric and isinstance(value, str):
        raise ConfigError(f'{name}={text}: the value is {present!r} now, and {text!r} is no number')
    return value


def _literal(name: str, text: str) -> object:
    if text.lower() in ('true', 'false'):
        return text.lower() == 'true'
    try:
        if text.lower().lstrip('+-') in ('inf', 'nan'):
            return float(text)
        return _evaluate(ast.parse(text.strip(), mode='eval').body)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        pass
    if text[:1] in ('[', '(', '{') or text.startswith('dict('):
        raise ConfigError(
            f'{name}={text}: this is no Python literal; quote text within it, and the whole of it for the shell: '
            f'\'{name}=dict(type="cft.SupConLoss", temperature=0.1)\''
        )
    return text.split(',') if ',' in text else text


def _evaluate(node: ast.expr) -> object:
    """A literal, in which dicts may be written as ``dict(...)`` and numbers as fractions or products."""
    match node:
        case ast.Call(func=ast.Name(id='dict'), args=[], keywords=keywords) if all(word.arg for word in keywords):
            return {str(word.arg): _evaluate(word.value) for word in keywords}
        case ast.Tuple(elts=[]):
            return ()
        case ast.Tuple(elts=items):
            values = [_evaluate(item) for item in items]
            # Without brackets it is a list, as MMEngine reads it; ast tells by where the node begins.
            return tuple(values) if node.col_offset < items[0].col_offset else values
        case ast.List(elts=items):
            return [_evaluate(item) for item in items]
        case ast.Dict(keys=keys, values=values) if all(keys):
            return {_evaluate(key): _evaluate(value) for key, value in zip(keys, values, strict=True) if key}
        case ast.BinOp(left=left, op=ast.Div() | ast.Mult() as operation, right=right):
            first, second = _evaluate(left), _evaluate(right)
            if not isinstance(first, int | float) or not isinstance(second, int | float) or not second:
                raise ValueError('no number')
            return first / second if isinstance(operation, ast.Div) else first * second
        case ast.Name(id=word):
            # Within brackets, as MMEngine reads it: [art,photo].
            return {'true': True, 'false': False}.get(word.lower(), word)
        case ast.Attribute():
            return ast.unparse(node)
        case _:
            return ast.literal_eval(node)


def _split(texts: Sequence[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for text in texts:
        name, separator, value = text.partition('=')
        if not separator or not name:
            raise ConfigError(f'{text!r} is not NAME=VALUE; quote a value with blanks: data_root="my flowers"')
        found[name.strip()] = value
    return found


def _present(cfg: dict, name: str) -> object:
    node: object = cfg
    for key in name.split('.'):
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list | tuple) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node


def _merge(node: dict | list, options: dict, where: str) -> None:
    for key, value in options.items():
        place = f'{where}.{key}' if where else str(key)
        index = int(key) if isinstance(node, list) else key
        present = node[index] if isinstance(node, list) else node.get(index)
        if not isinstance(value, dict):
            if place == 'custom_hooks':
                _tell_of_replaced_hooks(present, value)
            node[index] = value
            continue
        value = dict(value)
        replaces = value.pop('_delete_', False) or _exchanges(present, value)
        if isinstance(present, dict | list) and not replaces:
            _merge(present, value, place)
            continue
        if isinstance(present, dict) and (dropped := sorted(set(present) - set(value) - {'type'})):
            print_log(
                f'{place}: {present.get("type")} gives way to {value.get("type")}; its settings '
                f'{", ".join(dropped)} go with it',
                'current',
                logging.WARNING,
            )
        node[index] = ConfigDict(value)


def _tell_of_replaced_hooks(present: object, given: object) -> None:
    """A method may be made of its hooks, and trains without them as well."""
    before, after = (
        [str(hook.get('type')) for hook in hooks if isinstance(hook, dict)] if isinstance(hooks, list) else []
        for hooks in (present, given)
    )
    if gone := [name for name in before if name not in after]:
        print_log(
            f'custom_hooks: {", ".join(gone)} of the config go; to add a hook beside them, name it among '
            'default_hooks, as in default_hooks.mine.type=NAME',
            'current',
            logging.WARNING,
        )


def _exchanges(present: object, value: dict) -> bool:
    return isinstance(present, dict) and 'type' in value and value['type'] != present.get('type')


def _check_name(cfg: dict, name: str, given: Mapping[str, object]) -> None:
    """Refuse a name that looks like a misspelt one, and any unknown one at the top."""
    node: object = cfg
    keys = name.split('.')
    for depth, key in enumerate(keys):
        if isinstance(node, list | tuple):
            if not key.isdigit() or int(key) >= len(node):
                raise ConfigError(f'--cfg-options {name}: {key!r} is no index of a list of {len(node)} entries')
            node = node[int(key)]
            continue
        if not isinstance(node, dict):
            above = '.'.join(keys[:depth])
            if node is None and depth:
                # What was switched off may be built anew.
                return
            raise ConfigError(f'--cfg-options {name}: {above} is {node!r}, which has no {key!r}')
        if key not in node:
            known = [*node.keys(), *(RUNNER_KEYS if depth == 0 else [])]
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.75)
            kind = given.get('.'.join([*keys[:depth], 'type']), node.get('type'))
            if near and near[0] != key and not _accepts(kind, cfg.get('default_scope'), key):
                raise ConfigError(f'--cfg-options {name}: unknown name {key!r}; did you mean {near[0]!r}?')
            if name == 'backbone':
                raise ConfigError(
                    f'--cfg-options {name}: the config names its network itself (model.backbone); one that leaves it '
                    'open is folder, of every method'
                )
            if depth == 0 and key not in RUNNER_KEYS:
                raise ConfigError(f'--cfg-options {name}: the config has no {key!r}; it has {sorted(cfg.keys())}')
            return
        node = node[key]


def _accepts(kind: object, scope: str | None, key: str) -> bool:
    """Whether the component of this name takes such an argument."""
    component = find_component(kind, scope) if isinstance(kind, str) else None
    if component is None:
        return False
    owners = inspect.getmro(component) if inspect.isclass(component) else ()
    functions = [vars(owner).get('__init__') for owner in owners] or [component]
    return any(key in inspect.signature(function).parameters for function in functions if inspect.isfunction(function))
