"""What things are: the spec, artefacts, the store, file formats, the bundle. Imports no other floor."""
