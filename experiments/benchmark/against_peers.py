"""One net trained by jaxdl and by its peers, from the same weights on the same examples."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import NamedTuple

from experiments.benchmark.nets import BenchmarkNet
from experiments.benchmark.peers import PEERS
from experiments.benchmark.protocol import Absent, Ready, TrainingRequest
from experiments.benchmark.results import OURS, REFERENCE_PEER, NetRow
from experiments.benchmark.stopwatch import AlternatingPasses, Contender, Stopwatch
from experiments.benchmark.worker_process import start_worker

COMPARED_LOSSES = 30  # of the first steps; later, rounding errors have grown too large
ONE_THREAD = {'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}


class ReadyContender(NamedTuple):
    """A contender, and what its first worker said when it was ready."""

    contender: Contender
    ready: Ready


def measure_net(name: str, net: BenchmarkNet, data_dir: str, stopwatch: Stopwatch) -> NetRow:
    """Times a training step of jaxdl and of each peer.

    Args:
        name: Of the net.
        net: The net.
        data_dir: The folder of the image data.
        stopwatch: Times the passes.

    Returns:
        The times, per model.

    Raises:
        UserError: A library failed.
    """
    stopwatch.begin(name)
    config = replace(net.config, data_dir=data_dir)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as processes:
        request = TrainingRequest(
            OURS,
            asdict(config),
            stopwatch.pass_seconds,
            COMPARED_LOSSES,
            handover=str(Path(folder) / 'handover.npz'),
        )
        ours = processes.enter_context(start_worker(f'{OURS}, {name}'))
        # Our step trains all seeds at once, that of a peer one model.
        contenders = {OURS: Contender([ours], config.seeds)}
        ready = {OURS: ours.prepare(request)}
        absent = {}
        for peer in _peers_of(net):
            peer_request = replace(request, library=peer)
            started = _start_peer(f'{peer}, {name}', net.peer_processes, peer_request, processes)
            if isinstance(started, ReadyContender):
                contenders[peer], ready[peer] = started
            elif started.reason:
                absent[peer] = started.reason
        passes = AlternatingPasses(contenders)
        conditions = stopwatch.measure(passes.run_round)
    return NetRow(
        aim=net.aim,
        times=passes.times,
        absent=absent,
        compile=ready[OURS].compile_seconds,
        loss_apart=_loss_differences(ready),
        flops=ready[OURS].flops,
        steps_per_epoch=ready[OURS].steps_per_epoch,
        conditions=conditions,
    )


def _peers_of(net: BenchmarkNet) -> Sequence[str]:
    """The libraries that a net is compared with."""
    # XLA has no setting for a single thread, which processes side by side would need.
    return list(PEERS) if net.peer_processes == 1 else [REFERENCE_PEER]


def _start_peer(
    name: str, count: int, request: TrainingRequest, processes: ExitStack
) -> ReadyContender | Absent:
    """Starts so many processes of a peer; each of several has one thread."""
    variables = ONE_THREAD if count > 1 else {}
    workers = []
    for _ in range(count):
        worker = processes.enter_context(start_worker(name, variables))
        answer = worker.prepare(request)
        if isinstance(answer, Absent):
            return answer
        workers.append(worker)
    return ReadyContender(Contender(workers, models=count), answer)


def _loss_differences(ready: Mapping[str, Ready]) -> dict[str, float]:
    """The largest difference of each library's first losses from ours."""
    differences = {}
    for library, answer in ready.items():
        pairs = zip(answer.losses, ready[OURS].losses, strict=True)
        differences[library] = max(abs(theirs - ours) for theirs, ours in pairs)
    return differences
