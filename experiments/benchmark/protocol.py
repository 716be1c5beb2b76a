"""What bench and its workers tell each other: one JSON object a line. This imports no JAX.

bench writes a TrainingRequest or a ProductRequest. The worker answers with Ready, or with Absent
and ends. To each RunPass it answers with a PassTime. It ends when bench closes the pipe.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class TrainingRequest:
    """Asks a worker to train a net.

    Attributes:
        library: OURS or a key of PEERS.
        config: The fields of the Config.
        seconds: That a pass takes at least.
        first_steps: Training steps of the first calls, whose losses are compared.
        handover: The .npz file with the weights and examples of a peer. We write it, peers read
            it. '' if there are no peers.
    """

    library: str
    config: dict[str, Any]
    seconds: float
    first_steps: int
    handover: str = ''


@dataclass(frozen=True)
class ProductRequest:
    """Asks a worker to multiply matrices of (size, size), in passes of so many seconds."""

    size: int
    seconds: float


@dataclass(frozen=True)
class Ready:
    """A worker has run its first passes, which do not count.

    Attributes:
        seconds_per_step: In the last of these passes.
        losses: Of the first steps.
        devices: '2 x cpu' for example. This and what follows is of our workers only.
        compile_seconds: Of the program of a pass.
        steps_per_epoch: Training steps in an epoch.
        steps_per_run: Training steps of the whole run that the Config describes.
        flops: In the products of a training step of one model.
        bytes: The memory of the program on each device.
        exchanged_bytes: What the devices exchange in a step.
    """

    seconds_per_step: float
    losses: list[float]
    devices: str = ''
    compile_seconds: float = 0.0
    steps_per_epoch: int = 0
    steps_per_run: int = 0
    flops: int = 0
    bytes: int = 0
    exchanged_bytes: int = 0


@dataclass(frozen=True)
class Absent:
    """The worker cannot train the net. The reason is '' if the library has no such net."""

    reason: str


@dataclass(frozen=True)
class RunPass:
    """Asks for a pass."""


@dataclass(frozen=True)
class PassTime:
    """How long a pass took, and its steps."""

    seconds: float
    steps: int


Message = TrainingRequest | ProductRequest | Ready | Absent | RunPass | PassTime
_TYPES = (TrainingRequest, ProductRequest, Ready, Absent, RunPass, PassTime)
_TYPES_BY_NAME = {message_type.__name__: message_type for message_type in _TYPES}


def to_line(message: Message) -> str:
    """A message as a line of JSON, with its end of line."""
    return json.dumps({'type': type(message).__name__, **asdict(message)}) + '\n'


def from_line(line: str) -> Message:
    """The message of a line."""
    fields = json.loads(line)
    message_type = _TYPES_BY_NAME[fields.pop('type')]
    return message_type(**fields)
