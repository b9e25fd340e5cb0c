"""The store: the tables, the one writer, and every query."""
