"""The proof: real services, faults drawn from a seed, and a checker that looks for broken promises."""
