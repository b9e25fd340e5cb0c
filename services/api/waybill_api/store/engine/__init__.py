"""The database itself: how it is opened, migrated and checked, and its clock and ids."""
