"""Reports on their way to the API, kept on disk while it is down."""
