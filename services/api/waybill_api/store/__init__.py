"""Everything the API keeps: the tables, the one writer, and every query."""
