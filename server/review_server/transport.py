"""Standard input and output as streams of messages, and the watch over the parent process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import select
import stat
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*(?=\r\n)", re.IGNORECASE)
_MAX_HEADER = 8192
_MAX_BODY = 1 << 28
"""More bytes than any message has; who announces more would be waited for until the end of time."""
_CHUNK = 1 << 18
_POLL_SECONDS = 0.5
_GRACE_SECONDS = 1.0
_FLUSH_SECONDS = 1.0


class Framing:
    """Cuts a stream of bytes into the bodies of messages; what is not a header is skipped."""

    def __init__(self) -> None:
        """Begin at the header of a message."""
        self._buffer = bytearray()
        self._wanted: int | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they come; return the bodies that are complete."""
        buffer = self._buffer
        buffer += data
        bodies: list[bytes] = []
        while True:
            if self._wanted is None and not self._read_header():
                return bodies
            wanted = self._wanted or 0
            if len(buffer) < wanted:
                return bodies
            bodies.append(bytes(buffer[:wanted]))
            del buffer[:wanted]
            self._wanted = None

    def _read_header(self) -> bool:
        buffer = self._buffer
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(buffer, 0, end + 2)
            wanted = int(found[1]) if found is not None else -1
            del buffer[: end + 4]
            if 0 <= wanted <= _MAX_BODY:
                self._wanted = wanted
                return True
            logger.warning("A header without a Content-Length that can be was skipped")
        # A header is short; of anything longer only the end can still become one.
        del buffer[: max(0, len(buffer) - _MAX_HEADER)]
        return False


class _Input(asyncio.Protocol):
    """Hands over what is read, on the loop's thread and without a task in between."""

    def __init__(self, receive: Callable[[list[bytes]], None], ended: Callable[[], None]) -> None:
        self._framing = Framing()
        self._receive = receive
        self._ended = ended
        self._descriptor = -1

    def data_received(self, data: bytes) -> None:
        bodies = self._framing.feed(data)
        if bodies:
            self._receive(bodies)

    def eof_received(self) -> None:
        self._ended()

    def connection_lost(self, _error: Exception | None) -> None:
        self._descriptor = -1
        self._ended()

    def follow(self, descriptor: int) -> None:
        """Take the pipe that the loop reads, which never blocks."""
        self._descriptor = descriptor

    def poll(self) -> None:
        """Hand over what is there to be read, in the middle of something else."""
        while self._descriptor >= 0:
            try:
                data = os.read(self._descriptor, _CHUNK)
            except OSError:
                return
            if not data:
                self._descriptor = -1
                # The loop is told as soon as it is free, but may be deep in an analysis.
                leave_at_last(1)
                return
            self.data_received(data)


class _Queue:
    """Hands over what a thread reads, on the loop's thread."""

    def __init__(self, protocol: _Input) -> None:
        self._protocol = protocol
        self._read: deque[bytes] = deque()

    def put(self, data: bytes) -> None:
        self._read.append(data)

    def poll(self) -> None:
        """Hand over what was read."""
        while self._read:
            self._protocol.data_received(self._read.popleft())


class _Output(asyncio.BaseProtocol):
    """Notes whether everything was written."""

    def __init__(self, ended: Callable[[], None]) -> None:
        self._ended = ended
        self.flushed = asyncio.Event()
        self.flushed.set()

    def pause_writing(self) -> None:
        self.flushed.clear()

    def resume_writing(self) -> None:
        self.flushed.set()

    def connection_lost(self, _error: Exception | None) -> None:
        self.flushed.set()
        self._ended()


class PipeWriter:
    """Writes at once what the pipe takes, and the rest when it takes more."""

    def __init__(self, transport: asyncio.WriteTransport, output: _Output) -> None:
        """Take a transport that tells its protocol as soon as anything waits."""
        self._transport = transport
        self._output = output

    def write(self, data: bytes) -> None:
        """Write a message."""
        self._transport.write(data)

    async def close(self) -> None:
        """Wait until what was written has left, but not for a client that does not read."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._output.flushed.wait(), _FLUSH_SECONDS)


class FileWriter:
    """Writes to what is no pipe, such as a file; blocks as long as it takes."""

    def __init__(self, descriptor: int) -> None:
        """Take an open file descriptor."""
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        """Write a message."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    async def close(self) -> None:
        """Do nothing: everything was written."""


Writer = PipeWriter | FileWriter


class Connection(NamedTuple):
    """Standard input and output.

    Attributes:
        writer: writes messages.
        poll: hands over the messages that can be read now, without waiting; for use in the middle
            of long work on the loop's thread.
    """

    writer: Writer
    poll: Callable[[], None]


async def open_stdio(
    receive: Callable[[list[bytes]], None], ended: Callable[[], None]
) -> Connection:
    """Read messages from standard input, and return what writes to standard output.

    From now on everything else that prints does so on standard error, and children that read
    find nothing to read.

    Args:
        receive: is called with the bodies of messages.
        ended: is called when either end is closed, maybe more than once.
    """
    sys.stdout.flush()
    source, target = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    writer = await _open_output(target, ended)
    return Connection(writer, await _open_input(source, _Input(receive, ended)))


async def _open_output(descriptor: int, ended: Callable[[], None]) -> Writer:
    loop = asyncio.get_running_loop()
    if os.name == "nt":
        return FileWriter(descriptor)
    stream = os.fdopen(descriptor, "wb", buffering=0, closefd=False)
    try:
        transport, output = await loop.connect_write_pipe(lambda: _Output(ended), stream)
    except ValueError:
        # A regular file, which no selector can wait for.
        return FileWriter(descriptor)
    transport.set_write_buffer_limits(high=0)
    return PipeWriter(transport, output)


async def _open_input(descriptor: int, protocol: _Input) -> Callable[[], None]:
    loop = asyncio.get_running_loop()
    stream = os.fdopen(descriptor, "rb", buffering=0)
    if os.name != "nt" and not stat.S_ISCHR(os.fstat(descriptor).st_mode):
        try:
            await loop.connect_read_pipe(lambda: protocol, stream)
        except ValueError:
            logger.debug("Standard input is a regular file; a thread reads it")
        else:
            protocol.follow(descriptor)
            return protocol.poll
    # No selector waits for a file, nor for a device such as `/dev/null`.
    queue = _Queue(protocol)

    def read() -> None:
        with contextlib.suppress(RuntimeError, OSError):
            while data := stream.read(_CHUNK):
                queue.put(data)
                loop.call_soon_threadsafe(queue.poll)
            loop.call_soon_threadsafe(protocol.eof_received)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    return queue.poll


# The end


def leave_at_last(code: int) -> None:
    """End the process in a second, should anything keep it from ending by itself until then.

    Its children see that their pipes are closed, and follow.
    """
    last_resort = threading.Timer(_GRACE_SECONDS, os._exit, (code,))
    last_resort.daemon = True
    last_resort.start()


def watch_process(pid: int, gone: Callable[[], None]) -> None:
    """Call ``gone`` on the loop's thread when a process has ended; leave if that does not help.

    Where processes cannot be watched, or this one cannot be seen because the client runs in
    another container, the end of standard input has to do.
    """
    if os.name == "nt" or not _is_alive(pid):
        return
    loop = asyncio.get_running_loop()

    def watch() -> None:
        _wait_for(pid)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(gone)
        # The loop may be deep in an analysis that nobody will read.
        leave_at_last(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _wait_for(pid: int) -> None:
    """Return when a process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        while _is_alive(pid):
            time.sleep(_POLL_SECONDS)
        return
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.poll()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
