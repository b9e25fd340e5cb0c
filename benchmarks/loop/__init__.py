"""How long single requests hold the loop of the API, and so everybody else."""
