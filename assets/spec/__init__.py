"""The avatar spec: its fields, and the reader that reports every error with line and column."""
