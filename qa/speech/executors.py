"""Where heavy work runs: processes of this machine, or by one setting a Dask cluster of several.

Both are a `concurrent.futures.Executor`, so whoever submits work need not know.
"""

import os
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Protocol, cast

from qa.speech.port import SpeechStopped

_CONNECT_SECONDS = 10


class ClusterUnreachable(SpeechStopped):
    """The cluster's scheduler does not answer, or has no worker: what waits is done when it is back."""


class Place(Protocol):
    """Makes executors. Closing it ends the work that is under way."""

    @property
    def at_once(self) -> int:
        """How many pieces of work go on at the same time; 1 while nobody knows."""
        ...

    def executor(self, workers: int) -> Executor:
        """An executor with so many workers, as far as the place has a say in it.

        Raises ClusterUnreachable.
        """
        ...

    def release(self, executor: Executor) -> None:
        """This executor is used no more."""
        ...

    def kill(self, executor: Executor) -> None:
        """Something hangs in it: end its workers, where that can be done from here."""
        ...

    def close(self) -> None: ...


def place(cluster: str, workers: int, niceness: int) -> Place:
    """The one the settings name: a scheduler's address such as tcp://10.0.0.5:8786, or none for processes."""
    return Cluster(cluster, workers) if cluster else Processes(workers, niceness)


def default_workers() -> int:
    """All cores but one, which stays with the dialer and Asterisk."""
    return max(1, (os.cpu_count() or 1) - 1)


class Processes:
    """Worker processes that give way to everything else, and end with the service that made them."""

    def __init__(self, workers: int = 0, niceness: int = 10) -> None:
        self.at_once = workers or default_workers()
        self._niceness = niceness
        # Spawned, not forked: a fork would copy the locks and database handles of the service.
        self._context = get_context("spawn")
        self._workers_end, self._our_end = self._context.Pipe(duplex=False)

    def executor(self, workers: int) -> Executor:
        """A new pool."""
        return ProcessPoolExecutor(
            workers,
            mp_context=self._context,
            initializer=_become_worker,
            initargs=(self._workers_end, self._niceness),
        )

    def release(self, executor: Executor) -> None:
        """What it works on comes to its end."""
        executor.shutdown(wait=False)

    def kill(self, executor: Executor) -> None:
        """End its processes now; nobody can say which of them hangs."""
        # The library has no door for it before Python 3.14 (kill_workers).
        for process in (getattr(executor, "_processes", None) or {}).values():
            process.kill()

    def close(self) -> None:
        """Every process made here ends at once."""
        self._our_end.close()
        self._workers_end.close()


class _Client(Protocol):
    status: str

    def get_executor(self, *, pure: bool) -> Executor: ...
    def nthreads(self) -> dict[str, int]: ...
    def close(self) -> None: ...


class Cluster:
    """A Dask cluster; talking to it may take seconds.

    Its workers need this program, the models, and the archive under the same paths; and one thread each
    (`dask worker --nthreads 1 --nworkers N`), because an engine decodes one recording at a time. The cluster
    itself gives the work of a dead worker to another one.
    """

    def __init__(self, address: str, workers: int = 0) -> None:
        self._address = address
        self._client: _Client | None = None
        self._fixed = bool(workers)
        # As the settings say, else one a worker thread as last counted.
        self.at_once = workers or 1

    def executor(self, workers: int) -> Executor:
        """The cluster, whose own workers they are."""
        client = self._connected()
        threads = _threads(client)
        if not self._fixed:
            self.at_once = max(1, threads)
        if not threads:
            self.close()
            raise ClusterUnreachable(
                f"The cluster at {self._address} has no worker. Start some on its machines: "
                f"dask worker {self._address} --nthreads 1 --nworkers auto"
            )
        return client.get_executor(pure=False)

    def release(self, executor: Executor) -> None:
        """Nothing to do: its work is given up with the client's futures, and the client is kept."""

    def kill(self, executor: Executor) -> None:
        """Nothing to do: a worker that hangs ends itself, and the cluster starts another one."""

    def close(self) -> None:
        """Let go of it; what it works on is given up."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connected(self) -> _Client:
        if self._client is not None and self._client.status != "running":
            self.close()
        if self._client is None:
            try:
                library = import_module("distributed")
            except ImportError as error:
                raise ClusterUnreachable(
                    "The setting speech.cluster is there and Dask is not. Install it with: "
                    "pip install 'huifang[dask]', or empty the setting to use processes of this machine."
                ) from error
            try:
                self._client = cast(
                    _Client, library.Client(self._address, timeout=_CONNECT_SECONDS, set_as_default=False)
                )
            except (OSError, ValueError) as error:
                raise ClusterUnreachable(
                    f"The cluster at {self._address} does not answer ({error}). Check that its scheduler "
                    "runs (dask scheduler) and that the setting speech.cluster names its address."
                ) from error
        return self._client


def _threads(client: _Client) -> int:
    try:
        return sum(client.nthreads().values())
    except OSError:
        return 0


def _become_worker(life: Connection, niceness: int) -> None:
    os.nice(niceness)
    os.environ["OMP_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which then stops us
    threading.Thread(target=_die_with_parent, args=(life,), daemon=True).start()


def _die_with_parent(life: Connection) -> None:
    """The other end is held by the service alone: it closes when that stops us, and when that is killed."""
    try:
        life.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
