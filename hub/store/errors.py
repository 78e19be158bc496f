"""What can go wrong with the books, in the three kinds that callers must keep apart."""


class StoreError(Exception):
    """The hub's books could not be used."""


class ContentRefused(StoreError):
    """The database refuses what a fact says; the others of its batch are fine."""


class WorldFailed(StoreError):
    """The database is away, locked or full: nothing was written, and the same may work later."""


class FolderTaken(WorldFailed):
    """Another hub is running on this folder."""


class NewerDatabase(StoreError):
    """The database was written by a newer release."""


class NotMigrated(StoreError):
    """The database has no tables yet, or those of an older release."""


class BadDatabaseUrl(StoreError):
    """The database URL names nothing this hub can use."""
