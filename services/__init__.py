"""The two services: the API that keeps the truth and the worker that does the work."""
