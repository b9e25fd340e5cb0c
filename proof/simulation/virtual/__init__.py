"""The virtual world: time, threads, processes and the network between them."""
