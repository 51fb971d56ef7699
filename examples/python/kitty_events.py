"""Records events of kitty-events from Python, in each of its three ways.

Needs nothing but the standard library. Take over the way that fits:

- `emit`: one event now and then; starts a process each time;
- `Pipe`: many events; one process, one receipt a line;
- `AgentSocket`: many callers; no process at all, but an agent has to run.

Recording never raises because of what became of an event: work must not fail
because its history could not be kept. The receipt tells.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Draft = dict[str, Any]
Receipt = dict[str, Any]

# More than the program's own limit for one event, which is two seconds.
TIMEOUT_S = 10.0


def is_kept(receipt: Receipt) -> bool:
    """Whether the event is on disk, or at the server already."""
    return receipt["status"] in ("delivered", "queued", "spooled")


def emit(*words: str) -> Receipt:
    """Records one event: `emit("wp-status-changed", "WP01", "planned", "doing")`.

    Raises ValueError for wrong usage, which is a mistake in the calling program.
    """
    try:
        done = subprocess.run(
            # In front of the words, which may hold a `--`.
            ["kitty-events", "emit", words[0], "--json", *words[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _lost(error)
    if done.returncode == 64:
        raise ValueError(json.loads(done.stdout)["error"]["message"])
    return _receipt(done.stdout)


class Pipe:
    """One `kitty-events emit --stdin` for many events.

    A receipt comes once its event is on disk. Used by one thread at a time.
    Raises OSError where the program cannot be started.
    """

    def __init__(self) -> None:
        # The program's messages for people go where this program's go.
        self._process = subprocess.Popen(
            ["kitty-events", "emit", "--stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def record(self, draft: Draft) -> Receipt:
        """Records a draft, and waits for its receipt."""
        return next(self.record_all([draft]))

    def record_all(self, drafts: Iterable[Draft]) -> Iterator[Receipt]:
        """Records drafts at full speed: their receipts, in the same order.

        Iterate to the end: a receipt that nobody takes would answer the next call.
        """
        drafts = list(drafts)
        # Writing and reading at once: with both pipes full, each side would
        # wait for the other for ever.
        writer = threading.Thread(target=self._write, args=(drafts,))
        writer.start()
        for _ in drafts:
            line = self._process.stdout.readline()
            # The process has ended. Whether it still stored the event is not
            # known: drafts with an "event_id" of their own can be sent again.
            yield _receipt(line)
        writer.join()

    def _write(self, drafts: list[Draft]) -> None:
        try:
            for draft in drafts:
                self._process.stdin.write(json.dumps(draft).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            pass  # The missing receipts tell.

    def __enter__(self) -> "Pipe":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.stdin.close()
        except OSError:
            pass
        self._process.stdout.close()
        self._process.wait()


class AgentSocket:
    """The socket of a running `kitty-events agent run`."""

    def __init__(self, path: Path | None = None) -> None:
        home = os.environ.get("SPEC_KITTY_HOME") or Path.home() / ".spec-kitty"
        self._path = str(path or _listening(Path(home)))

    def record(self, draft: Draft) -> Receipt:
        """Records a draft."""
        try:
            return _receipt(self._ask("POST", "application/json", json.dumps(draft)))
        except (OSError, http.client.HTTPException) as error:
            return _lost(error)

    def record_all(self, drafts: Iterable[Draft]) -> list[Receipt]:
        """Records drafts in one request; their receipts, in the same order."""
        lines = [json.dumps(draft) + "\n" for draft in drafts]
        try:
            body = self._ask("POST", "application/x-ndjson", "".join(lines))
        except (OSError, http.client.HTTPException) as error:
            return [_lost(error) for _ in lines]
        return [_receipt(line) for line in body.splitlines()]

    def status(self) -> dict[str, Any]:
        """How delivery stands. Raises where no agent answers."""
        return json.loads(self._ask("GET", path="/v1/status"))

    def _ask(
        self,
        method: str,
        content_type: str = "application/json",
        body: str | None = None,
        path: str = "/v1/events",
    ) -> bytes:
        connection = _UnixConnection(self._path)
        try:
            headers = {"Content-Type": content_type}
            connection.request(method, path, body and body.encode(), headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise http.client.HTTPException(f"{response.status}: {answer!r}")
        return answer


def _listening(home: Path) -> str:
    """Where the agent says that its socket is: a long home has it elsewhere."""
    try:
        listening = json.loads((home / "agent.json").read_text("utf-8"))["listening"]
        if listening.startswith("/"):
            return listening
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass  # None runs, or it is about to begin.
    return str(home / "agent.sock")


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        # The name of the host means nothing, but HTTP wants one.
        super().__init__("agent", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _receipt(line: bytes) -> Receipt:
    try:
        return json.loads(line)
    except ValueError:
        return _lost("kitty-events gave no receipt")


def _lost(reason: object) -> Receipt:
    return {"event_id": None, "status": "lost", "warning": str(reason)}


def _note(text: str) -> Draft:
    payload = {"wp_id": "WP01", "entry_type": "note", "entry_content": text}
    return {"event_type": "HistoryAdded", "payload": payload}


def main() -> None:
    """Records some notes in each way, and prints their receipts."""
    receipts = [emit("history-added", "WP01", "note", "--", "- one shot")]
    with Pipe() as pipe:
        receipts.append(pipe.record(_note("one line, one receipt")))
        receipts += pipe.record_all(_note(f"line {n}") for n in range(3))
    agent = AgentSocket()
    receipts.append(agent.record(_note("by the agent")))
    receipts += agent.record_all(_note(f"by the agent {n}") for n in range(3))
    for receipt in receipts:
        print(json.dumps(receipt))
    if not all(is_kept(receipt) for receipt in receipts):
        sys.exit("not all were kept")


if __name__ == "__main__":
    main()
