"""The benchmarks: they measure Waybill beside another service on the same machine."""
