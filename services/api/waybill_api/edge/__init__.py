"""Where requests come in: who sent them, though a proxy passed them on, and the path below which all addresses lie."""
