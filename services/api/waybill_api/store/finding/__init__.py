"""Tasks by what a search asks for."""
