"""Runs in processes of their own, where a handler can harm only itself."""
