"""What bench.json holds: one dataclass for each kind of row.

They are dataclasses, not named tuples, so that their fields have names in the file too.
"""

from dataclasses import dataclass, field

OURS = 'jaxdl'  # our name beside those of the peers


@dataclass(frozen=True)
class Machine:
    """What was measured on: measurements of one machine, versions and day belong together.

    Attributes:
        processor: The CPU's name.
        devices: JAX's devices, '2 x cpu' for example.
        python, jax, flax, torch, keras: Versions; 'absent' if not installed.
        day: As 2026-01-31.
    """

    processor: str
    devices: str
    python: str
    jax: str
    flax: str
    torch: str
    keras: str
    day: str


@dataclass(frozen=True)
class NetRow:
    """One net, trained by jaxdl and by its peers.

    Attributes:
        aim: The aim for PyTorch's time over ours.
        seconds: The median time of a training step of one model, by library.
        absent: {peer: reason} of the peers that were not measured.
        compile: Seconds that jaxdl's program took to compile.
        loss_apart: The largest difference of a library's first losses from ours.
        flops: Floating-point operations in the products of a training step of one model.
        steps_per_epoch: Training steps in an epoch.
    """

    aim: float
    seconds: dict[str, float]
    absent: dict[str, str]
    compile: float
    loss_apart: dict[str, float]
    flops: int
    steps_per_epoch: int

    def ratios(self) -> dict[str, float]:
        """The time of each peer over ours."""
        ratios = {}
        for peer, seconds in self.seconds.items():
            if peer != OURS:
                ratios[peer] = seconds / self.seconds[OURS]
        return ratios


@dataclass(frozen=True)
class PopulationRow:
    """A population of adders trained at once.

    Attributes:
        seeds: The number of models.
        seconds: The median time of a training step of all of them.
        bytes: The memory of the program on each device.
        models_per_second: How many adders can be trained in a second, each for all its epochs.
    """

    seeds: int
    seconds: float
    bytes: int
    models_per_second: float


@dataclass(frozen=True)
class ScalingRow:
    """Training on some CPU devices, split one way.

    Attributes:
        devices: The number of devices.
        split: The axis of the mesh that they lie on, 'seeds' or 'data'.
        strong: Seconds of a step whose total work is the same for any number of devices.
        weak: Seconds of a step whose work per device is the same.
        bytes: What the devices exchange in a step of the first kind.
    """

    devices: int
    split: str
    strong: float
    weak: float
    bytes: int


@dataclass
class BenchResults:
    """The content of bench.json. Parts that were not measured are empty.

    Attributes:
        machine: What was measured on.
        peak: FLOP/s of a large matrix product.
        nets: Rows by the name of the net.
        commands: The median seconds of whole commands, by library.
        populations: Rows by increasing size.
        scaling: Rows of all splits and numbers of devices.
    """

    machine: Machine
    peak: float | None = None
    nets: dict[str, NetRow] = field(default_factory=dict)
    commands: dict[str, float] = field(default_factory=dict)
    populations: list[PopulationRow] = field(default_factory=list)
    scaling: list[ScalingRow] = field(default_factory=list)
