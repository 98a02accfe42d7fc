"""The outbox: on disk before anything is shown, kept until the relay has answered, whatever happens to the cache."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wptui.model.commands import AddNote, Resolve, SendMessage
from wptui.model.errors import StorageError
from wptui.model.protocol import Result
from wptui.sync.outbox import REFUSED, SENT, WAITING, Outbox


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    outbox = Outbox(path)
    yield outbox
    outbox.close()


def send(text: str, conversation: str = "k1") -> SendMessage:
    return SendMessage(conversation=conversation, content={"type": "text", "text": {"body": text}}, text=text)


def test_a_command_stays_until_its_result_and_keeps_its_order(outbox: Outbox, path: Path) -> None:
    first = outbox.add("k1", send("bir"))
    second = outbox.add("k2", AddNote(conversation="k2", text="not"))
    third = outbox.add("k1", send("iki"))
    assert [item.id for item in outbox.pending()] == [first, second, third]
    assert [item.id for item in outbox.pending("k1")] == [first, third]
    assert outbox.pending("k1")[0].command == send("bir")
    assert {item.state for item in outbox.pending()} == {WAITING}

    outbox.mark_sent([first])
    assert outbox.pending()[0].state == SENT
    outbox.close()

    again = Outbox(path)  # the next start finds the same
    assert [item.id for item in again.pending()] == [first, second, third]
    again.settle(Result(id=first, ok=True, seq=9))
    assert [item.id for item in again.pending()] == [second, third]
    assert again.outcome(first) == Result(id=first, ok=True, seq=9)
    again.close()


def test_a_refused_command_stays_visible_with_its_reason(outbox: Outbox) -> None:
    id = outbox.add("k1", send("merhaba"))
    outbox.settle(Result(id=id, ok=False, code="window_closed", message="closed"))
    (item,) = outbox.pending("k1")
    assert (item.state, item.code, item.message) == (REFUSED, "window_closed", "closed")
    outbox.drop(id)
    assert outbox.pending() == []


def test_drafts_and_small_state_persist(outbox: Outbox, path: Path) -> None:
    outbox.set_draft("k1", "yarım kalan\nsatır")
    outbox.set_draft("k2", "x")
    outbox.set_draft("k2", "")
    outbox.set("seen", "41")
    outbox.close()
    again = Outbox(path)
    assert again.draft("k1") == "yarım kalan\nsatır"
    assert again.draft("k2") == ""
    assert (again.get("seen"), again.get("other", "-")) == ("41", "-")
    again.close()


def test_files_are_private(outbox: Outbox, path: Path) -> None:
    outbox.add("k1", Resolve(conversation="k1"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_another_process_is_noticed(outbox: Outbox, path: Path) -> None:
    assert not outbox.changed()
    outbox.add("k1", send("own"))
    assert not outbox.changed()  # our own writing is no news
    script = (
        "import sys\nfrom pathlib import Path\nfrom wptui.model.commands import Resolve\n"
        "from wptui.sync.outbox import Outbox\n"
        "Outbox(Path(sys.argv[1])).add('k9', Resolve(conversation='k9'))"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert outbox.changed()
    assert not outbox.changed()
    assert [item.conversation for item in outbox.pending()] == ["k1", "k9"]


def test_kill_nine_right_after_add_loses_nothing(path: Path) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom wptui.model.commands import Resolve\n"
        "from wptui.sync.outbox import Outbox\n"
        "print(Outbox(Path(sys.argv[1])).add('k1', Resolve(conversation='k1')), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    outbox = Outbox(path)
    assert [item.id for item in outbox.pending()] == [killed.stdout.strip()]
    outbox.close()


def test_a_damaged_outbox_is_moved_aside_not_overwritten(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database" * 500)
    outbox = Outbox(path)
    assert outbox.set_aside is not None
    assert outbox.set_aside.read_bytes().startswith(b"this is no database")
    outbox.add("k1", send("new"))
    outbox.close()


def test_a_full_disk_is_told_and_nothing_is_half_kept(path: Path) -> None:
    script = f"""
import resource, sys
from pathlib import Path
from wptui.model.commands import AddNote
from wptui.model.errors import StorageError
from wptui.sync.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]))
kept = outbox.add("k1", AddNote(conversation="k1", text="kept"))
outbox._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
resource.setrlimit(resource.RLIMIT_FSIZE, ({64 * 1024}, {resource.RLIM_INFINITY}))
try:
    outbox.add("k1", AddNote(conversation="k1", text="x" * 200_000))
except StorageError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, ({resource.RLIM_INFINITY}, {resource.RLIM_INFINITY}))
assert [item.id for item in outbox.pending()] == [kept]
outbox.add("k1", AddNote(conversation="k1", text="after"))
print(len(outbox.pending()))
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["Not saved: the disk is full", "2"]


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        Outbox(tmp_path / "file" / "outbox.db")
