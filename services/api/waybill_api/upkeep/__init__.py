"""Upkeep keeps tasks moving: dispatch, lost messages, the reaper, pruning."""
