"""The pages of a large installation: how long every page of the web interface takes, and every call that it makes."""
