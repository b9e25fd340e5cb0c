"""The search for tasks."""
