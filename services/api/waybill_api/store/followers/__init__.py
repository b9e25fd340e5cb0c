"""What learns of each commit."""
