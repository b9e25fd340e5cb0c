"""The one writer, and the unit of work of its transactions."""
