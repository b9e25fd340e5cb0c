"""Ten services report on every JSON, over a bad network: to Waybill, and to a naive tracker for comparison."""
