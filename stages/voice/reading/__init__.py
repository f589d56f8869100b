"""Text -> the words that are spoken: spans of a line, each of one class, each written out by the verbaliser of its class."""
