"""The gates, one family a file; each is a function that yields a finding for every violation of its claim."""
