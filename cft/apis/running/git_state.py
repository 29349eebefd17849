"""Which version of the code runs."""

import os
import subprocess
from pathlib import Path

# Those of "git rev-parse --local-env-vars" that say where, and the two that bound the search upwards.
_OF_A_REPOSITORY = {
    'GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_COMMON_DIR', 'GIT_OBJECT_DIRECTORY', 'GIT_PREFIX',
    'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_NAMESPACE', 'GIT_GRAFT_FILE', 'GIT_SHALLOW_FILE', 'GIT_IMPLICIT_WORK_TREE',
    'GIT_REPLACE_REF_BASE', 'GIT_NO_REPLACE_OBJECTS', 'GIT_CEILING_DIRECTORIES', 'GIT_DISCOVERY_ACROSS_FILESYSTEM',
}  # fmt: skip


def git_state(folder: Path) -> dict[str, str | bool | None]:
    """Commit of a git checkout and what differs from it.

    Variables such as ``GIT_DIR``, which git itself sets while it runs a hook or
    an alias, are left aside: they would name another repository.

    Returns:
        ``commit``, ``modified`` and, if it is modified, ``changes`` (git's
        summary of the changed files, and the files that git does not know); or
        ``commit: None`` with a ``reason``.

    Example:
        >>> git_state(Path('/'))['commit'] is None
        True
    """
    try:
        top = _git(folder, 'rev-parse', '--show-toplevel').strip()
        if Path(top).resolve() != folder.resolve():
            return {'commit': None, 'reason': 'cft runs from an installed package, not from a git checkout'}
        status = _git(folder, 'status', '--porcelain')
        state: dict[str, str | bool | None] = {
            'commit': _git(folder, 'rev-parse', 'HEAD').strip(),
            'modified': bool(status),
        }
        if status:
            unknown = [line for line in status.splitlines() if line.startswith('??')]
            state['changes'] = '\n'.join([_git(folder, 'diff', '--stat', 'HEAD').rstrip(), *unknown])
        return state
    except subprocess.CalledProcessError as error:
        return {'commit': None, 'reason': ' '.join(error.stderr.split())}
    except (OSError, subprocess.TimeoutExpired) as error:
        return {'commit': None, 'reason': str(error)}


def _git(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
    command = ['git', '-C', str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20, env=environment).stdout
