"""The API: it owns the truth, serves HTTP, and puts messages on the queue."""
