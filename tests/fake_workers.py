"""Workers of the benchmark that answer at once, in the test's own process."""

from contextlib import contextmanager

from experiments.benchmark.protocol import PassTime, Ready
from experiments.benchmark.results import Conditions


class FakeWorker:
    """Answers requests by functions, and keeps them.

    Attributes:
        requests: All that it was asked to make ready.
        passes: How many passes it ran.
    """

    def __init__(self, first_answer, seconds=1.0, steps=10):
        self._first_answer = first_answer
        self._seconds = seconds
        self._steps = steps
        self.requests = []
        self.passes = 0

    def prepare(self, request):
        self.requests.append(request)
        return self._first_answer(request)

    def send(self, message):
        self.passes += 1

    def receive(self):
        return PassTime(self._seconds, self._steps)

    def run_pass(self):
        self.send(None)
        return self.receive()


class FakeStopwatch:
    """Runs rounds without watching the machine."""

    pass_seconds = 0.5
    rounds = 2

    def begin(self, description):
        pass

    def measure(self, run_round):
        for index in range(self.rounds):
            run_round(index)
        return conditions(self.rounds)


def conditions(rounds, others=0.0, speed=1e9):
    return Conditions(0.5, rounds, [others] * rounds, [speed] * (rounds + 1))


def ready(**fields):
    return Ready(**{'seconds_per_step': 0.1, 'losses': [1.0, 0.5], **fields})


def use_fake_workers(monkeypatch, module, first_answer):
    """Lets a module start fake workers, and returns the list of those that it has started.

    Args:
        monkeypatch: Of the test.
        module: That calls start_worker.
        first_answer: request -> Ready or Absent.
    """
    started = []

    @contextmanager
    def start_worker(name, variables=None):
        worker = FakeWorker(first_answer)
        worker.name = name
        worker.variables = dict(variables or {})
        started.append(worker)
        yield worker

    monkeypatch.setattr(module, 'start_worker', start_worker)
    return started
