"""What runs leave: the results of stages, and logs."""
