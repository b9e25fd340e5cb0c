"""The simulation: the product's own code on a virtual clock, network and scheduler, all drawn from one seed."""
