"""What a trace says was done to the disk; what is not known for sure is an error."""

import re
from pathlib import Path

import pytest
from powercut.calls import Event, Reader, Said
from powercut.ops import ROOT, Make, Map, Name, Resize, Sync, Write
from powercut.trace import UnknownCall, read_calls, to_hex

DISK = Path("/shop/disk")
DIARY = Path("/shop/diary")
OPEN = "openat(AT_FDCWD</>, '/shop/disk/a.db', O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3</shop/disk/a.db>"
MADE: list[Event] = [Make(1), Name(((ROOT, "a.db", 1),))]


def traced(text: str) -> str:
    """Return a readable call as a trace has it: texts and paths in hexadecimal."""
    text = re.sub(r"'([^']*)'", lambda match: f'"{to_hex(match[1])}"', text)
    return re.sub(r"<([^>]*)>", lambda match: f"<{to_hex(match[1])}>", text)


def read(folder: Path, *calls: str) -> list[Event]:
    """Return what calls did."""
    trace = folder / "trace"
    trace.write_text("".join(f"7 {traced(call)}\n" for call in calls))
    reader = Reader(DISK, DIARY, {})
    return [event for call in read_calls(trace, [DISK, DIARY]) for event in reader.events(call)]


KNOWN: dict[str, list[Event]] = {
    "pwrite64(3</shop/disk/a.db>, 'abc', 3, 512) = 3": [Write(1, 512, b"abc")],
    "pwrite64(3</shop/disk/a.db>, 'abc', 3, 512) = 2": [Write(1, 512, b"ab")],
    "pwritev(3</shop/disk/a.db>, [{iov_base='ab', iov_len=2}, {iov_base='c', iov_len=1}], 2, 4) = 3": [
        Write(1, 4, b"abc")
    ],
    "pwrite64(3</shop/disk/a.db>, 'abc', 3, 0) = -1 ENOSPC (No space left on device)": [],
    "ftruncate(3</shop/disk/a.db>, 7) = 0": [Resize(1, 7)],
    "fsync(3</shop/disk/a.db>) = 0": [Sync(1)],
    "fdatasync(3</shop/disk/a.db>) = 0": [Sync(1)],
    "fdatasync(3</shop/disk/a.db>) = -1 EIO (Input/output error)": [],
    "unlink('/shop/disk/a.db') = 0": [Name(((ROOT, "a.db", None),))],
    "rename('/shop/disk/a.db', '/shop/disk/b') = 0": [Name(((ROOT, "a.db", None), (ROOT, "b", 1)))],
    "renameat2(AT_FDCWD</shop>, 'disk/a.db', 9</shop/disk>, 'b', 0) = 0": [
        Name(((ROOT, "a.db", None), (ROOT, "b", 1)))
    ],
    "link('/shop/disk/a.db', '/shop/disk/b') = 0": [Name(((ROOT, "b", 1),))],
    "mkdir('/shop/disk/more', 0700) = 0": [Make(2, is_folder=True), Name(((ROOT, "more", 2),))],
    "openat(AT_FDCWD</>, '/shop/disk/a.db', O_WRONLY|O_CREAT|O_TRUNC, 0600) = 4</shop/disk/a.db>": [Resize(1, 0)],
    "fcntl(3</shop/disk/a.db>, F_SETLK, {l_type=F_RDLCK}) = 0": [],
    "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</shop/disk/a.db>, 0) = 0x7f0000000000": [],
    "mkdir('/elsewhere', 0700) = 0": [],
}

REFUSED = [
    "fallocate(3</shop/disk/a.db>, 0, 0, 4096) = 0",
    "ioctl(3</shop/disk/a.db>, FICLONE, 5) = 0",
    "sendfile(3</shop/disk/a.db>, 5</elsewhere>, NULL, 9) = 9",
    "dup(3</shop/disk/a.db>) = 4</shop/disk/a.db>",
    "fcntl(3</shop/disk/a.db>, F_DUPFD_CLOEXEC, 0) = 4</shop/disk/a.db>",
    "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3</shop/disk/a.db>, 0) = 0x7f0000000000",
    "write(3</shop/disk/a.db>, 'abc', 3) = 3",
    "pwrite64(5</shop/disk/never-opened>, 'abc', 3, 0) = 3",
    "pwrite64(3</shop/disk/a.db>, 'abc'..., 9, 0) = 9",
    "openat(AT_FDCWD</>, '/shop/disk/b', O_RDWR|O_CREAT|O_DIRECT, 0600) = 4</shop/disk/b>",
    "openat(AT_FDCWD</>, '/shop/disk/not-made', O_RDWR) = 4</shop/disk/not-made>",
    "unlink('/shop/disk/not-made') = 0",
    "clone3({flags=CLONE_VM}, 88) = 8",
    "pwrite64(3</shop/disk/a.db>, 'abc', 3, 0 <unfinished ...>",
]


@pytest.mark.parametrize("call", KNOWN)
def test_what_a_call_did(tmp_path: Path, call: str) -> None:
    assert read(tmp_path, OPEN, call) == MADE + KNOWN[call]


@pytest.mark.parametrize("call", REFUSED)
def test_what_is_not_known_is_refused(tmp_path: Path, call: str) -> None:
    with pytest.raises(UnknownCall):
        read(tmp_path, OPEN, call)


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    trace.write_text("7 getpid() = 7\n8 getpid() = 8\n")
    with pytest.raises(UnknownCall):
        list(read_calls(trace, [DISK]))


def test_a_file_made_anew_under_an_old_name_is_another(tmp_path: Path) -> None:
    again = OPEN.replace("= 3<", "= 4<")
    wrote = "pwrite64(4</shop/disk/a.db>, 'abc', 3, 0) = 3"
    gone: list[Event] = [Name(((ROOT, "a.db", None),)), Make(2), Name(((ROOT, "a.db", 2),)), Write(2, 0, b"abc")]
    assert read(tmp_path, OPEN, "unlink('/shop/disk/a.db') = 0", again, wrote) == MADE + gone


def test_the_index_of_a_log_is_mapped(tmp_path: Path) -> None:
    index = OPEN.replace("a.db", "a.db-shm")
    mapped = "mmap(NULL, 32768, PROT_READ|PROT_WRITE, MAP_SHARED, 3</shop/disk/a.db-shm>, 0) = 0x7f0000000000"
    assert read(tmp_path, index, mapped)[-1] == Map(1)


def test_the_diary_is_what_was_said(tmp_path: Path) -> None:
    opened = "openat(AT_FDCWD</>, '/shop/diary', O_WRONLY|O_CREAT|O_APPEND, 0600) = 5</shop/diary>"
    assert read(tmp_path, opened, "write(5</shop/diary>, 'done', 4) = 4") == [Said(b"done")]
