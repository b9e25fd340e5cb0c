"""Installations for one use, of demos, benches, proofs and tests: each in a folder and on a port of its own."""
