"""Isolation: runs in processes of their own, in which a handler can harm only itself."""
