"""The worker's process: what handlers may change of it is held or put back, and how it ends."""
