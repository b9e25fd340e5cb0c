"""What the machine gives: files and their owners, locks, descriptors, signals, standard output."""
