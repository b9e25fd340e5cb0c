"""The queue between the two services."""
