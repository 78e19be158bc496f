"""What can be done to a disk, as data. Files and folders go by number: names come, move and go."""

from typing import Final, TypeAlias

from msgspec import Struct

ROOT: Final = 0  # the folder that was there, synced, before anything began


class Make(Struct, frozen=True):
    """A new file or folder, without a name yet."""

    file: int
    is_folder: bool = False


class Name(Struct, frozen=True):
    """Names changed at once: (folder, name, file), file None where the name was taken away."""

    changes: tuple[tuple[int, str, int | None], ...]


class Write(Struct, frozen=True):
    """Bytes were written at an offset."""

    file: int
    offset: int
    data: bytes


class Resize(Struct, frozen=True):
    """The file was cut off, or made longer."""

    file: int
    length: int


class Sync(Struct, frozen=True):
    """A file or a folder was synced; the call has returned."""

    file: int


class Map(Struct, frozen=True):
    """A file was mapped for shared writing."""

    file: int


Op: TypeAlias = Make | Name | Write | Resize | Sync | Map
Tree: TypeAlias = dict[str, bytes | None]  # by path from the root; None is a folder
