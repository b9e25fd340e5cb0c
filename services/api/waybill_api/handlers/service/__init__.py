"""What surrounds the calls on tasks: documents, health, metrics, files."""
