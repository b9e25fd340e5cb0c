"""Connections: accepted, bounded, watched and closed."""
