"""datasets: pictures and bodies with clean rights, made by our own stages or taken from a user's folder."""
