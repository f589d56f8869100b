"""A description in English or Chinese to the fields of a spec. resolve.py is the entry, docs/describe.md the vocabulary."""
