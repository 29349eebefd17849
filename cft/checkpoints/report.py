"""What was loaded from a checkpoint."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LoadReport:
    """What was loaded.

    Attributes:
        source: Code base that wrote the file, as far as its names tell.
        prefix: What preceded the backbone's names in the file ('' for nothing).
        matched: Names of the backbone's tensors that were loaded.
        missing: Names of the backbone's tensors that the file lacks; only
            BatchNorm's batch counters may be.
        ignored: Names in the file that are not the backbone's, such as a projector.
        initialised: Names of the backbone's tensors that no pre-training has, set to the identity.
        notes: What else happened: which of several networks was taken, what was resized.
    """

    source: str
    prefix: str
    matched: list[str]
    missing: list[str]
    ignored: list[str]
    initialised: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        where = f'prefix {self.prefix!r}' if self.prefix else 'no prefix'
        counts = (
            f'{len(self.matched)} tensors loaded ({where}), {len(self.missing)} missing, {len(self.ignored)} ignored'
        )
        return '; '.join([f'{self.source}: {counts}', *self.notes])
