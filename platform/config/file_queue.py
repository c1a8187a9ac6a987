"""kombu's filesystem transport with files that appear whole.

The original opens a message, or an exchange's table of queues, under its final name and writes it
then. A process that looks at that moment takes an empty file, fails to read it as JSON, and ends.
Here a file gets its name last.
"""

from __future__ import annotations

import os
import threading
import uuid
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


def _write_whole(target: str, value: Any) -> None:
    """Write `value` as JSON beside `target` and move it there. Raises ChannelError."""
    partial = f"{target}.{uuid.uuid4()}.partial"  # no queue ends like this, so nobody takes it
    try:
        with open(partial, "wb") as file:
            file.write(str_to_bytes(dumps(value)))
        os.replace(partial, target)
    except OSError as error:
        raise ChannelError(f"Cannot write {target!r}.") from error


# kombu notes a binding for the whole process before it writes the table. A second thread that
# came between would take its queue for bound, find no table, and drop its message.
_binding = threading.Lock()


class Channel(filesystem.Channel):
    """A channel whose messages and tables are written beside the queue and moved into it."""

    def queue_bind(self, *args: Any, **kwargs: Any) -> None:
        with _binding:
            super().queue_bind(*args, **kwargs)

    # kombu names the second argument differently at different levels.
    def _put(self, queue: Any, message: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        _write_whole(os.path.join(self.data_folder_out, name), message)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        file = self._exchange_file(exchange)
        self.control_folder.mkdir(exist_ok=True)
        entry = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        # The table itself is replaced, so two writers take turns on a file that stays.
        with open(f"{file}.lock", "wb") as turn:
            filesystem.lock(turn, filesystem.LOCK_EX)
            table = self.get_table(exchange)
            if entry not in table:
                _write_whole(str(file), [entry, *table])


class Transport(filesystem.Transport):
    """The filesystem transport with these channels."""

    Channel = Channel


def use_whole_messages() -> None:
    """Make `filesystem://` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
