"""The HTTP client of the API: its calls, and what programs build on them."""
