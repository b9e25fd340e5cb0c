"""Runs in processes of their own: whatever a handler does there, it does to itself alone."""
