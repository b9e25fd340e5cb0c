"""What a record of an installation under faults is held against."""
