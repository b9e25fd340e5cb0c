"""The schemas of inputs: JSON Schema 2020-12, checked when they are set, so that no input takes long to be judged."""
