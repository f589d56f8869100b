"""preview: see stage.py or the files beside it."""
