"""The hub's tables and statements: SQLAlchemy Core over SQLite and PostgreSQL."""
