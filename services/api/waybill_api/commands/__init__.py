"""What the command line does to an installation."""
