"""The runs of a worker: which it holds, for how long, and how many it may take."""
