"""HTTP: from a request to the call of a handler, and from its result to the answer."""
