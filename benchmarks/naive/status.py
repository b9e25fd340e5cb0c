"""The statuses of the assignment."""

NEW = 1
PROCESSING = 2
COMPLETED = 3
ERROR = 4
