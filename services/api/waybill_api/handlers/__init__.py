"""The resources of the API, one noun a file; each declares the narrow interface of the store that it needs."""
