"""What a launcher has told this process of its job, checked before anybody waits for another.

What is wrong is a ``DataError``, which every process tells: the variables by which the first one is known may be wrong.
"""

import errno
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from mmengine.config import Config
from torch import distributed

from cft.engine.rank_failures import limit_waiting
from cft.errors import DataError

# PyTorch's own default, which MMEngine takes for Slurm and MPI.
PORT = '29500'
STARTERS = {
    'pytorch': 'torchrun, as tools/dist_train.sh CONFIG GPUS does',
    'slurm': 'srun, as tools/slurm_train.sh PARTITION JOB_NAME CONFIG does',
    'mpi': 'mpirun of Open MPI',
}
# Rank, number of processes, rank on this machine.
NUMBERS = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': ('OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK'),
}


@dataclass(frozen=True)
class Place:
    """Where a process stands in its job.

    Attributes:
        rank: Its number.
        world_size: Number of processes.
        local_rank: Its number on this machine.
        address: Machine of rank 0.
        port: Where rank 0 listens there.
    """

    rank: int
    world_size: int
    local_rank: int
    address: str
    port: int

    def variables(self) -> dict[str, str]:
        """The environment that PyTorch makes a group of processes from."""
        return {
            'RANK': str(self.rank),
            'WORLD_SIZE': str(self.world_size),
            'LOCAL_RANK': str(self.local_rank),
            'MASTER_ADDR': self.address,
            'MASTER_PORT': str(self.port),
        }


def read_place(launcher: str, environment: Mapping[str, str]) -> Place:
    """Read the variables that torchrun, Slurm or Open MPI sets.

    Args:
        launcher: ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        environment: Such as ``os.environ``.

    Raises:
        DataError: Naming the variable that is missing, no number, or out of its range.

    Example:
        >>> environment = {'SLURM_PROCID': '3', 'SLURM_NTASKS': '4', 'SLURM_LOCALID': '1', 'SLURM_NODELIST': 'n[07-08]'}
        >>> read_place('slurm', environment)
        Place(rank=3, world_size=4, local_rank=1, address='n07', port=29500)
    """
    if launcher not in STARTERS:
        raise DataError(f'launcher is {launcher!r}; it must be none, {", ".join(STARTERS)}')
    names = NUMBERS[launcher]
    needed = {'pytorch': (*names, 'MASTER_ADDR', 'MASTER_PORT'), 'slurm': (*names[:2], 'SLURM_NODELIST'), 'mpi': names}
    missing = [name for name in needed[launcher] if not environment.get(name)]
    if missing:
        raise DataError(
            f'--launcher {launcher}: {", ".join(missing)} not set; start with {STARTERS[launcher]}, '
            'or leave out --launcher for a single process'
        )
    rank, world_size = (_whole(name, environment[name], launcher) for name in names[:2])
    if world_size < 1 or not 0 <= rank < world_size:
        raise DataError(
            f'{names[0]}={rank} does not go with {names[1]}={world_size}: ranks count from 0 to the number of '
            f'processes less 1; start with {STARTERS[launcher]}'
        )
    devices = torch.cuda.device_count()
    local = environment.get(names[2])
    local_rank = rank % max(devices, 1) if local is None else _whole(names[2], local, launcher)
    if local_rank < 0 or (torch.cuda.is_available() and local_rank >= devices):
        raise DataError(
            f'{names[2]}={local_rank}, but this machine has {devices} CUDA devices; start as many processes on it'
        )
    port = _whole('MASTER_PORT', environment.get('MASTER_PORT') or PORT, launcher)
    if not 0 < port < 65536:
        raise DataError(f'MASTER_PORT={port} is no port; ports are 1 to 65535')
    return Place(rank, world_size, local_rank, _address(launcher, environment, world_size), port)


def check_meeting_point(place: Place, environment: Mapping[str, str]) -> None:
    """Check that the machine of rank 0 has an address and, on rank 0, that its port is free.

    Under torchrun the port is taken already, by torchrun itself.

    Raises:
        DataError: Naming ``MASTER_ADDR`` or ``MASTER_PORT``.

    Example:
        >>> check_meeting_point(Place(1, 2, 1, 'localhost', 29500), {})
    """
    try:
        socket.getaddrinfo(place.address, place.port)
    except (OSError, UnicodeError) as error:
        raise DataError(f'MASTER_ADDR={place.address}: no machine is found by this name; correct it') from error
    if place.rank or environment.get('TORCHELASTIC_USE_AGENT_STORE') == 'True':
        return
    try:
        socket.create_server(('', place.port)).close()
    except OSError as error:
        reason = 'in use' if error.errno == errno.EADDRINUSE else f'not to be had ({error.strerror})'
        raise DataError(f'port {place.port} of this machine is {reason}; set MASTER_PORT to another one') from error


def enter(launcher: str) -> Place:
    """Read and check the environment of a job, and give it to PyTorch in its own names.

    Raises:
        DataError: Of :func:`read_place` and :func:`check_meeting_point`.

    Example:
        >>> enter('pytorch')  # doctest: +SKIP
    """
    place = read_place(launcher, os.environ)
    check_meeting_point(place, os.environ)
    os.environ.update(place.variables())
    return place


def join_job(cfg: Config) -> None:
    """Check what the launcher has set, limit how long processes wait for each other and, on CPUs, let them meet.

    On CUDA devices MMEngine makes their group.

    Args:
        cfg: With its ``launcher``; ``'none'``, and a group that is there, leave nothing to do.

    Raises:
        DataError: Of :func:`enter`.

    Example:
        >>> join_job(Config(dict(launcher='none')))
    """
    if cfg.get('launcher', 'none') == 'none' or distributed.is_initialized():
        return
    enter(cfg.launcher)
    timeout = cfg.get('env_cfg', {}).get('dist_cfg', {}).get('timeout')
    if isinstance(timeout, int | float) and timeout > 0:
        limit_waiting(timeout)
    if not torch.cuda.is_available():
        distributed.init_process_group('gloo')


def _whole(name: str, text: str, launcher: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise DataError(f'{name}={text!r} is no whole number; {STARTERS[launcher]}, sets it') from error


def _address(launcher: str, environment: Mapping[str, str], world_size: int) -> str:
    given = environment.get('MASTER_ADDR')
    if given:
        return given
    if launcher == 'slurm':
        # Such as gpu[03-05,09]-ib or alpha,beta.
        nodes = environment['SLURM_NODELIST']
        first = re.match(r'([^,\[]*)(?:\[([^\],-]+)[^\]]*\]([^,\[]*))?', nodes)
        host = ''.join(part or '' for part in first.groups()) if first else ''
        if not host or host.isdigit():
            raise DataError(f'SLURM_NODELIST={nodes!r} names no machine; set MASTER_ADDR to that of rank 0')
        return host
    if environment.get('OMPI_COMM_WORLD_LOCAL_SIZE', str(world_size)) != str(world_size):
        raise DataError('--launcher mpi on several machines: set MASTER_ADDR to that of rank 0 (mpirun -x MASTER_ADDR)')
    return '127.0.0.1'
