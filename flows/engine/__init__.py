"""Prefect: flows, tasks, the server, workers. The only room that imports it."""
