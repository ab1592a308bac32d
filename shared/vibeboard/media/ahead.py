"""Work done ahead: the next items of an iterator are made in a thread while this one is used."""

import threading
from collections.abc import Iterator
from queue import Full, Queue

_END = object()


def ahead[T](items: Iterator[T], depth: int = 3) -> Iterator[T]:
    """The same items in the same order, up to `depth` made ahead. What `items` raises is raised here.

    Worth it where making an item leaves the interpreter (decoding, OpenCV). Stops making when nobody takes any more.
    """
    ready: Queue[object] = Queue(depth)
    stopped = threading.Event()
    failed: list[BaseException] = []

    def put(item: object) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def make() -> None:
        try:
            for item in items:
                if not put(item):
                    break
        except BaseException as error:  # raised again where it can be handled
            failed.append(error)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            put(_END)

    maker = threading.Thread(target=make, name="ahead", daemon=True)
    maker.start()
    try:
        while (item := ready.get()) is not _END:
            yield item  # type: ignore[misc]
        if failed:
            raise failed[0]
    finally:
        stopped.set()
        maker.join()
