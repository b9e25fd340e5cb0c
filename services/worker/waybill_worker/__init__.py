"""The worker: takes messages from the queue, runs handlers and reports to the API."""
