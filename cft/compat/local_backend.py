"""MMEngine's local files, of which checkpoints are written atomically."""

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from cft.files import write_atomically

ZIP_MAGIC = b'PK\x03\x04'


class AtomicLocalBackend(LocalBackend):
    """MMEngine's access to local files, through which its runner writes checkpoints.

    What ``torch.save`` made (a zip archive) is written atomically, whoever
    saves it: the checkpoint hook, ``Runner.save_checkpoint`` or the publishing
    of a model. All else is written as MMEngine does.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        if bytes(obj[: len(ZIP_MAGIC)]) == ZIP_MAGIC:
            write_atomically(filepath, obj)
        else:
            super().put(obj, filepath)


def register_local_backend() -> None:
    """Take the place of MMEngine's backend of local files."""
    register_backend('local', AtomicLocalBackend, force=True, prefixes='')
