"""A bounded queue of captured records and the thread that empties it, one of each for every process."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from queue import Empty, SimpleQueue

from skewless.serving.errors import FeatureError
from skewless.serving.log.delivery import Delivery, Flush, LogCounts, Patience
from skewless.serving.log.format.record import Captured, RecordEncoder
from skewless.serving.log.lifetime import leave, stay, watch_child

_LINGER = 0.01
_BATCH = 8
_FULL_POLL = 0.001
_GIVE_UP_AFTER = 5.0


class LogWriter:
    """Takes captured records from any thread and delivers them, in order, in its own.

    `put` is an append to a deque and a look at a flag, so a request pays for little else: while records
    keep coming, the thread returns every hundredth of a second by itself, and only the first one after a
    pause has to wake it. It starts with the first record: a process that only forks has none to lose.
    """

    def __init__(self, encoder: RecordEncoder, delivery: Delivery, capacity: int, on_full: str) -> None:
        self.name = delivery.name
        self.capacity, self.on_full = capacity, on_full
        self.closed = False
        self._encoder, self._delivery = encoder, delivery
        self._reset()
        stay(self)

    def begin_anew(self) -> None:
        """In a forked child: no thread, no file, nothing queued; all of it is the parent's."""
        self._encoder.renew()
        self._delivery.begin_anew()
        self._reset()

    def _reset(self) -> None:
        self._queue: deque[Captured | Flush] = deque()
        self._flushes: list[Flush] = []
        self._wakeups: SimpleQueue[None] = SimpleQueue()
        self._retry_now = threading.Event()
        self._thread: threading.Thread | None = None
        self._threads = threading.RLock()  # held to start and to end the thread
        self._drops = threading.RLock()  # held to count one
        self._delivering = threading.RLock()  # held by whoever empties the queue
        self._is_delivering = False
        self._wants_attention = True  # the thread has to be started or woken, or has ended for good
        self._give_up_after: float | None = _GIVE_UP_AFTER
        self._dropped = 0

    def counts(self) -> LogCounts:
        done = self._delivery
        queued = sum(type(entry) is Captured for entry in list(self._queue)) + done.pending
        return LogCounts(done.written, self._dropped, done.failed, queued, done.errors)

    def put(self, captured: Captured) -> None:
        """Queue a record; what happens when the queue is full is `on_full`."""
        if len(self._queue) >= self.capacity and not self._has_room_now():
            return
        self._queue.append(captured)
        if self._wants_attention:
            self._attend()

    def flush(self, timeout: float | None) -> bool:
        """Wait until everything queued so far is delivered; False if it is not in time."""
        if threading.current_thread() is self._thread:  # the sink called: it would wait for itself
            return False
        flush = Flush()
        self._queue.append(flush)
        self._retry_now.set()
        self._attend()
        if not flush.reached.wait(timeout):
            with suppress(ValueError, IndexError):  # reached just now, or the queue changed meanwhile
                self._queue.remove(flush)
        return flush.delivered

    def close(self, timeout: float | None) -> None:
        """Deliver what is queued and finish the file; give up after so many seconds without progress."""
        self.close_soon(timeout)
        if self._thread is threading.current_thread():  # the sink called: the thread ends after its record
            return
        with self._threads:
            thread = self._thread
            if thread is not None and not self._ended(thread, timeout):
                self._delivery.report(f"closed with {self.counts().queued} records that are still underway")
                return
            self._settle()
            leave(self)

    def close_soon(self, timeout: float | None = _GIVE_UP_AFTER) -> None:
        """Have the thread deliver, finish and end, without waiting for it: no lock is taken."""
        self._give_up_after = timeout
        self.closed = True
        self._retry_now.set()
        self._wakeups.put(None)
        if self._thread is None and not self._queue:
            leave(self)

    def _has_room_now(self) -> bool:
        """The queue is full: wait, count a drop, or raise."""
        self._wake()
        if self.on_full == "raise":
            raise FeatureError(
                f"feature log '{self.name}': {self.capacity} records are queued, none fits; write less, "
                "raise queue_size, or choose on_full='block' or 'drop'"
            )
        if self.on_full == "drop" or threading.current_thread() is self._thread:
            with self._drops:
                self._dropped += 1
            return False
        while len(self._queue) >= self.capacity and not self.closed:
            time.sleep(_FULL_POLL)
        return True

    def _attend(self) -> None:
        """Start or wake the thread; where there can be none any more, do its work."""
        if self._thread is None and not self.closed:
            self._start()
        elif not self.closed:
            self._wants_attention = False
            self._wake()
        if self.closed:  # perhaps only since a moment ago
            self._settle()

    def _wake(self) -> None:
        if self._wakeups.empty():
            self._wakeups.put(None)

    def _start(self) -> None:
        with self._threads:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="feature-log", daemon=True)
            self._wants_attention = False
            try:
                self._thread.start()
            except RuntimeError:  # no thread starts in an interpreter that is ending
                self._thread = None
                self._settle()
        watch_child()

    def _settle(self) -> None:
        with self._delivering:
            self._wants_attention = True
            self._deliver_rest()

    def _run(self) -> None:
        while not self.closed:
            if self._deliver():
                self._pause()
            else:
                self._retry_now.wait(self._delivery.delay)
                self._retry_now.clear()
        self._settle()
        if self._delivery.pending == 0:
            leave(self)

    def _pause(self) -> None:
        """Wait for more: a moment while records keep coming, else until something is due or wakes the thread."""
        if self._is_pressed():
            return
        with suppress(Empty):
            self._wakeups.get(timeout=_LINGER)
        if self._queue or self.closed:
            return
        self._wants_attention = True
        if not self._queue and not self.closed:
            with suppress(Empty):
                self._wakeups.get(timeout=self._delivery.due_in())
        self._wants_attention = False
        if not self._retry_now.is_set() and not self.closed:
            with suppress(Empty):
                self._wakeups.get(timeout=_LINGER)
        self._retry_now.clear()

    def _is_pressed(self) -> bool:
        return self.closed or len(self._queue) * 2 >= self.capacity

    def _deliver(self) -> bool:
        """Empty the queue; whether everything went out."""
        with self._delivering:
            if self._is_delivering:  # called by the sink, in the middle of a batch
                return True
            self._is_delivering = True
            try:
                return self._empty_queue()
            finally:
                self._is_delivering = False

    def _empty_queue(self) -> bool:
        while True:
            if not self._delivery.attempt():
                return False
            self._end_flushes(delivered=True)
            lines = self._next_lines()
            if not lines and not self._flushes:
                return True
            if len(lines) == _BATCH and not self._is_pressed():
                time.sleep(0)  # requests may wait for the interpreter; they go first
            self._delivery.take(lines)

    def _end_flushes(self, delivered: bool) -> None:
        for flush in self._flushes:
            flush.reach(delivered)
        self._flushes.clear()

    def _next_lines(self) -> list[bytes]:
        """A batch from the queue, encoded; it ends where a flush waits."""
        lines: list[bytes] = []
        while self._queue and len(lines) < _BATCH:
            entry = self._queue.popleft()
            if isinstance(entry, Flush):
                self._flushes.append(entry)
                break
            try:
                lines.append(self._encoder.encode(entry))
            except Exception as error:  # one record must not take the others with it
                self._delivery.refuse(error)
        return lines

    def _deliver_rest(self) -> None:
        """Everything, then the file's finished name; all tries over, what is left is given up."""
        patience = Patience(self._delivery)
        while not (self._deliver() and self._delivery.finish()):
            if patience.is_over(self._give_up_after):
                self._give_up()
                return
            time.sleep(min(self._delivery.delay, 0.25))

    def _give_up(self) -> None:
        queued = [self._queue.popleft() for _ in range(len(self._queue))]
        self._flushes += [entry for entry in queued if isinstance(entry, Flush)]
        self._delivery.abandon(sum(not isinstance(entry, Flush) for entry in queued))
        self._end_flushes(delivered=False)

    def _ended(self, thread: threading.Thread, timeout: float | None) -> bool:
        """Join the thread; False if it makes no progress for the time, stuck in a sink or a file system."""
        patience = Patience(self._delivery)
        limit = None if timeout is None else timeout + 1
        while thread.is_alive() and not patience.is_over(limit):
            thread.join(0.05)
        return not thread.is_alive()
