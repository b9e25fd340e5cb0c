"""The worker's process: what handlers may change is held or put back, and the end of the process."""
