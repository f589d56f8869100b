"""What travels between stages: frozen records of arrays, bytes and values, kept in the store."""
