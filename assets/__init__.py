"""What things are: the spec, artefacts, the store, file formats, the bundle. Imports nothing of ours."""
