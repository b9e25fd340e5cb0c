"""What the machine provides: files and their owners, locks, descriptors, signals, standard output."""
