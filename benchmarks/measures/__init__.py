"""The measures, one a file; each is a function from a plan to figures."""
