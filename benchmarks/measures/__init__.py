"""What is measured, one thing a file; each is a function from a plan to figures."""
