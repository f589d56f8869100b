"""preview: renders the pictures of a bundle that do not depend on speech."""
