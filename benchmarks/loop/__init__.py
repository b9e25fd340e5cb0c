"""How long single requests block the API's event loop, and so all other requests."""
