"""Which version of the code runs."""

import subprocess
from pathlib import Path


def git_state(folder: Path) -> dict[str, str | bool]:
    """Commit of a git checkout and what differs from it.

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
        state = {'commit': _git(folder, 'rev-parse', 'HEAD').strip(), 'modified': bool(status)}
        if status:
            unknown = [line for line in status.splitlines() if line.startswith('??')]
            state['changes'] = '\n'.join([_git(folder, 'diff', '--stat', 'HEAD').rstrip(), *unknown])
        return state
    except subprocess.CalledProcessError as error:
        return {'commit': None, 'reason': ' '.join(error.stderr.split())}
    except (OSError, subprocess.TimeoutExpired) as error:
        return {'commit': None, 'reason': str(error)}


def _git(folder: Path, *arguments: str) -> str:
    command = ['git', '-C', str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout
