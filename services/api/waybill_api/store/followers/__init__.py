"""The parts that follow each commit."""
