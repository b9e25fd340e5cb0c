"""The rules of Waybill: pure functions over frozen records, without I/O and without other packages."""
