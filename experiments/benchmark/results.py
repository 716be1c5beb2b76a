"""What bench.json holds: all times, and under which conditions they were taken.

They are dataclasses, not named tuples, so that their fields have names in the file too.
"""

import statistics
from dataclasses import dataclass, field

OURS = 'jaxdl'  # our name beside those of the peers
REFERENCE_PEER = 'PyTorch'  # the peer that aims are about


@dataclass(frozen=True)
class Machine:
    """What was measured on: measurements of one machine, versions and day belong together.

    Attributes:
        processor: The CPU's name.
        devices: JAX's devices, '2 x cpu' for example.
        python, jax, flax, torch, keras: Versions; 'absent' if not installed.
        code: A digest of the code that trains.
        day: As 2026-01-31.
    """

    processor: str
    devices: str
    python: str
    jax: str
    flax: str
    torch: str
    keras: str
    code: str
    day: str


@dataclass(frozen=True)
class Conditions:
    """How a measurement was made, and what else the machine did meanwhile.

    Attributes:
        pass_seconds: That a pass takes at least.
        rounds: How often each pass was timed.
        others: The share of all cores that other processes used, in each round.
        products: FLOP/s of a large matrix product, before each round and after the last one.
    """

    pass_seconds: float
    rounds: int
    others: list[float]
    products: list[float]


@dataclass(frozen=True)
class NetRow:
    """One net, trained by jaxdl and by its peers.

    Attributes:
        aim: The aim for PyTorch's time over ours, or None.
        times: The seconds of a training step of one model, in each round, by library.
        absent: {peer: reason} of the peers that were not measured.
        compile: Seconds that jaxdl's program took to compile.
        loss_apart: The largest difference of a library's first losses from ours.
        flops: Floating-point operations in the products of a training step of one model.
        steps_per_epoch: Training steps in an epoch.
        conditions: Of the measurement.
    """

    aim: float | None
    times: dict[str, list[float]]
    absent: dict[str, str]
    compile: float
    loss_apart: dict[str, float]
    flops: int
    steps_per_epoch: int
    conditions: Conditions

    def ratios(self) -> dict[str, list[float]]:
        """The time of each peer over ours, in each round."""
        return {peer: ratios_to(self.times, peer, OURS) for peer in self.times if peer != OURS}


def ratios_to(times: dict[str, list[float]], name: str, base: str) -> list[float]:
    """The times of `name` over those of `base`, round by round."""
    return [above / below for above, below in zip(times[name], times[base], strict=True)]


@dataclass(frozen=True)
class CommandResults:
    """Whole commands, from the start of Python to its end.

    Attributes:
        times: Seconds in each round, by command.
        parts: {command: {part: seconds in each round}}. 'rest' is what no other part holds.
        conditions: Of the measurement.
    """

    times: dict[str, list[float]]
    parts: dict[str, dict[str, list[float]]]
    conditions: Conditions


@dataclass(frozen=True)
class PopulationRow:
    """A population of adders trained at once.

    Attributes:
        seeds: The number of models.
        times: The seconds of a training step of all of them, in each round.
        bytes: The memory of the program on each device.
        steps: Training steps of a whole run.
    """

    seeds: int
    times: list[float]
    bytes: int
    steps: int

    def models_per_second(self) -> float:
        """How many models can be trained in a second, each for its whole run."""
        return self.seeds / (statistics.median(self.times) * self.steps)


@dataclass(frozen=True)
class PopulationResults:
    """Populations by increasing size.

    Attributes:
        rows: Of the sizes that were measured.
        too_slow: The sizes that were left out, since a step of theirs takes too long.
        conditions: Of the measurement.
    """

    rows: list[PopulationRow]
    too_slow: list[int]
    conditions: Conditions


@dataclass(frozen=True)
class ScalingRow:
    """Training on some CPU devices, split one way.

    Attributes:
        devices: The number of devices.
        split: The axis of the mesh that they lie on, 'seeds' or 'data'.
        strong: Seconds of a step whose total work is the same for any number of devices, in each
            round.
        weak: Seconds of a step whose work per device is the same, in each round.
        bytes: What the devices exchange in a step of the first kind.
    """

    devices: int
    split: str
    strong: list[float]
    weak: list[float]
    bytes: int


@dataclass(frozen=True)
class ScalingResults:
    """Rows of all splits and numbers of devices.

    Attributes:
        rows: By split, then by the number of devices.
        conditions: Of the measurement; of each split in turn.
    """

    rows: list[ScalingRow]
    conditions: Conditions


@dataclass
class BenchResults:
    """The content of bench.json. Parts that were not measured are None or empty.

    Attributes:
        machine: What was measured on.
        nets: Rows by the name of the net.
        commands: Whole commands.
        populations: The cost of training many models at once.
        scaling: The cost on several CPU devices.
    """

    machine: Machine
    nets: dict[str, NetRow] = field(default_factory=dict)
    commands: CommandResults | None = None
    populations: PopulationResults | None = None
    scaling: ScalingResults | None = None

    def conditions(self) -> list[Conditions]:
        """The conditions of all that was measured."""
        parts = [*self.nets.values(), self.commands, self.populations, self.scaling]
        return [part.conditions for part in parts if part is not None]
