"""What things are: the spec, artefacts, the store, file formats, the bundle. Imports no other floor."""

from assets.child_process import set_process_defaults

# Every floor imports this one, also in a notebook: the variables are set before any stage loads a library.
set_process_defaults()
