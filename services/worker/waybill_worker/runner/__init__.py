"""Executes runs in threads."""
