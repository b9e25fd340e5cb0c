"""Benchmarks: what Waybill does in a second, always beside what something else does on the same machine."""
