"""The command line: `waybill`, also `python -m waybill`, and `manage.py` in a clone."""
