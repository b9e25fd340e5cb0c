"""What growth costs: the same calls on a small installation and on a large one."""
