"""portrait: small pictures of head and shoulders straight from a spec, without the rest of a bundle."""
