"""What launchers set: read, or refused with the variable's name before anybody waits."""

import socket

import pytest

from cft.apis.completion.launcher_environment import Place, check_meeting_point, read_place
from cft.errors import DataError

JOB = {'RANK': '1', 'WORLD_SIZE': '2', 'LOCAL_RANK': '0', 'MASTER_ADDR': 'localhost', 'MASTER_PORT': '29611'}
SLURM = {'SLURM_PROCID': '1', 'SLURM_NTASKS': '2', 'SLURM_LOCALID': '0', 'SLURM_NODELIST': 'node'}
MPI = {'OMPI_COMM_WORLD_RANK': '1', 'OMPI_COMM_WORLD_SIZE': '2', 'OMPI_COMM_WORLD_LOCAL_RANK': '0'}


@pytest.fixture(autouse=True)
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('torch.cuda.is_available', lambda: False)


def test_valid_ones() -> None:
    assert read_place('pytorch', JOB) == Place(1, 2, 0, 'localhost', 29611)
    assert read_place('slurm', SLURM) == Place(1, 2, 0, 'node', 29500)
    assert read_place('mpi', MPI) == Place(1, 2, 0, '127.0.0.1', 29500)
    assert read_place('mpi', MPI | {'MASTER_ADDR': 'head', 'MASTER_PORT': '5'}) == Place(1, 2, 0, 'head', 5)


@pytest.mark.parametrize(
    ('nodes', 'first'),
    [('a', 'a'), ('a,b', 'a'), ('gpu[03-05,09]', 'gpu03'), ('gpu[3,9]-ib,x', 'gpu3-ib'), ('n7,gpu[1-2]', 'n7')],
)
def test_first_machine_of_slurm(nodes: str, first: str) -> None:
    """As `scontrol show hostname` lists them."""
    assert read_place('slurm', SLURM | {'SLURM_NODELIST': nodes}).address == first


@pytest.mark.parametrize(('launcher', 'complete'), [('pytorch', JOB), ('slurm', SLURM), ('mpi', MPI)])
def test_any_variable_missing_or_no_number(launcher: str, complete: dict[str, str]) -> None:
    for name in complete:
        if name != 'SLURM_LOCALID':
            with pytest.raises(DataError, match=f'{name} not set; start with'):
                read_place(launcher, {key: value for key, value in complete.items() if key != name})
        if name not in ('MASTER_ADDR', 'SLURM_NODELIST'):
            with pytest.raises(DataError, match=f"{name}='1x' is no whole number"):
                read_place(launcher, complete | {name: '1x'})


@pytest.mark.parametrize(('rank', 'size'), [('2', '2'), ('-1', '2'), ('0', '0')])
def test_rank_outside_the_job(rank: str, size: str) -> None:
    with pytest.raises(DataError, match=f'RANK={rank} does not go with WORLD_SIZE={size}'):
        read_place('pytorch', JOB | {'RANK': rank, 'WORLD_SIZE': size})


def test_several_machines_of_mpi_need_an_address() -> None:
    with pytest.raises(DataError, match='set MASTER_ADDR'):
        read_place('mpi', MPI | {'OMPI_COMM_WORLD_LOCAL_SIZE': '1'})


def test_more_processes_than_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    with pytest.raises(DataError, match='LOCAL_RANK=2, but this machine has 2 CUDA devices'):
        read_place('pytorch', JOB | {'LOCAL_RANK': '2'})


def test_port_in_use() -> None:
    """Told by rank 0, which is to listen there; not under torchrun, which listens already."""
    with socket.create_server(('', 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(DataError, match=f'port {port} of this machine is in use; set MASTER_PORT'):
            check_meeting_point(Place(0, 2, 0, 'localhost', port), {})
        check_meeting_point(Place(1, 2, 0, 'localhost', port), {})
        check_meeting_point(Place(0, 2, 0, 'localhost', port), {'TORCHELASTIC_USE_AGENT_STORE': 'True'})
    check_meeting_point(Place(0, 2, 0, 'localhost', port), {})
