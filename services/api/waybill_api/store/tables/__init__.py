"""The tables, one a file, each with all of its statements."""
