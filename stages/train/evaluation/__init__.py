"""Metrics, comparison tables and model cards."""
