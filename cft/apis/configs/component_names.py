"""Find registered components by the names that a config gives them."""

import difflib
from collections.abc import Callable
from importlib import import_module

from mmengine.registry import DefaultScope, Registry, root

from cft.errors import ConfigError

# By name and scope: MMEngine asks the import system for each name in each registry, and a plan has hundreds of configs.
_found: dict[tuple[str, str], Callable] = {}


def registries_of(scope: str) -> list[Registry]:
    """The registries in which a config of this scope looks up names without a scope.

    Raises:
        ConfigError: If there is no such package.

    Example:
        >>> any(registry.scope == 'mmpretrain' for registry in registries_of('mmpretrain'))
        True
    """
    try:
        import_module(f'{scope}.registry')
    except ImportError as error:
        raise ConfigError(f'default_scope is {scope!r}, but no package {scope} is installed') from error
    roots = [value for value in vars(root).values() if isinstance(value, Registry)]
    children = [registry._search_child(scope) for registry in roots]
    return [top if child is None else child for top, child in zip(roots, children, strict=True)]


def find_component(name: str, scope: str | None, registries: list[Registry] | None = None) -> Callable | None:
    """The class or function that is registered under a name.

    Args:
        name: With or without a scope.
        scope: Of names without one; None is MMEngine's.
        registries: Those of the scope, where they are at hand.

    Returns:
        The first that has the name; None if there is none.

    Example:
        >>> find_component('cft.SupConLoss', 'mmpretrain').__name__
        'SupConLoss'
    """
    scope = scope or 'mmengine'
    if (name, scope) in _found:
        return _found[name, scope]
    with DefaultScope.overwrite_default_scope(scope):
        for registry in registries_of(scope) if registries is None else registries:
            try:
                found = registry.get(name)
            except (KeyError, RuntimeError):
                continue
            if found is not None:
                _found[name, scope] = found
                return found
    return None


def similar_name(name: str, registries: list[Registry]) -> str | None:
    """The registered name that is most like a misspelt one; None if none is like it."""
    scope = name.split('.')[0] if '.' in name else None
    known = {f'{scope}.{key}' if scope else key for registry in registries for key in _names(registry, scope)}
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


def scopes_with(name: str, registries: list[Registry]) -> list[str]:
    """Names with their scope under which something of this name, without one, is registered elsewhere."""
    found = set()
    for registry in registries:
        for scope, child in _top(registry).children.items():
            # Ours may not have been imported yet; importing the other libraries for a hint is not worth it.
            if name in child.module_dict or (scope == 'cft' and _has(child, name)):
                found.add(f'{scope}.{name}')
    return sorted(found)


def _has(registry: Registry, name: str) -> bool:
    try:
        return registry.get(name) is not None
    except KeyError:
        return False


def _names(registry: Registry, scope: str | None) -> set[str]:
    if scope is not None:
        child = _top(registry)._search_child(scope)
        return set(child.module_dict) if child is not None else set()
    names: set[str] = set()
    above: Registry | None = registry
    while above is not None:
        names |= set(above.module_dict)
        above = above.parent
    return names


def _top(registry: Registry) -> Registry:
    while registry.parent is not None:
        registry = registry.parent
    return registry
