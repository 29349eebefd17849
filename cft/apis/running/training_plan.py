"""What a training would do, found out by starting it up to its first step."""

from dataclasses import dataclass, field

from cft.engine.run_cost import in_bytes, in_time


@dataclass(frozen=True)
class TrainingPlan:
    """What :func:`cft.apis.dry_run` finds; as text about a dozen lines.

    Attributes:
        config: File of the config.
        method: Model and the parts that make the method.
        network: Backbone, with its number of parameters.
        parameters: Of the whole model.
        checkpoint: What fills the backbone, and how many of its tensors.
        data: Where the training data are.
        images: Number of images by split, of those that there are.
        classes: Number of classes; None where none are told apart.
        views: Number and size of the views of an image.
        batch_size: Images in a step.
        steps_per_epoch: None for a length in iterations.
        steps: Of the whole training.
        optimizer: Its settings and the schedule.
        stages: One text for each stage of a training in stages.
        device: Name and memory.
        memory: Bytes that the step takes at its peak beside the program itself, estimated; None: not known.
        step_seconds: Of a step, estimated; None: not known.
        unknown: Why memory and time are not known.
        best: What chooses the best checkpoint.
        work_dir: Where it would write.

    Example:
        >>> plan = dry_run(load_config('ce/r50_folder', ['data_root=flowers', 'work_dir=runs']))  # doctest: +SKIP
        >>> plan.images, plan.steps_per_epoch  # doctest: +SKIP
        ({'training': 3303, 'validation': 367, 'test': 367}, 52)
    """

    config: str
    method: str
    network: str
    parameters: int
    checkpoint: str
    data: str
    images: dict[str, int]
    classes: int | None
    views: str
    batch_size: int
    steps_per_epoch: int | None
    steps: int
    optimizer: str
    device: str
    best: str
    work_dir: str
    stages: list[str] = field(default_factory=list)
    memory: int | None = None
    step_seconds: float | None = None
    unknown: str = ''

    @property
    def seconds(self) -> float | None:
        """Of all steps, without validation and without waiting for data."""
        return None if self.step_seconds is None else self.steps * self.step_seconds

    def __str__(self) -> str:
        width = max(map(len, self._lines()))
        return '\n'.join(f'{name:<{width}}  {text}' for name, text in self._lines().items())

    def _lines(self) -> dict[str, str]:
        numbers = ', '.join(f'{number} {split}' for split, number in self.images.items())
        length = f'{self.steps} steps'
        if self.steps_per_epoch is not None:
            length = f'{self.steps // self.steps_per_epoch} epochs of {self.steps_per_epoch} steps, {length}'
        return {
            'config': self.config,
            'method': self.method,
            'network': f'{self.network}; {self.parameters / 1e6:.1f} M parameters in all',
            'checkpoint': self.checkpoint,
            'data': f'{self.data}: {numbers} images' + (f', {self.classes} classes' if self.classes else ''),
            'batch': f'{self.batch_size} images, {self.views}',
            'length': length,
            'optimizer': self.optimizer,
            **{f'stage {number}': stage for number, stage in enumerate(self.stages, 1)},
            'device': self.device,
            'cost': self._cost(),
            'best': self.best,
            'work dir': f'{self.work_dir} (nothing was written)',
        }

    def _cost(self) -> str:
        if self.step_seconds is None or self.memory is None or self.seconds is None:
            return f'not known: {self.unknown}'
        return (
            f'about {in_time(self.step_seconds)} a step, {in_time(self.seconds)} without validation; '
            f'about {in_bytes(self.memory)} of memory'
        )
