"""HTTP: from a request to the call of a handler, and from what it returns to the answer."""
