"""Runs: what is due, what is executed, and for how long."""
