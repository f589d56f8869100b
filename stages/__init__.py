"""How one thing is made from others; no Prefect, heavy imports only inside backends."""

from assets.child_process import set_process_defaults

# Here as well as in `assets`: a notebook may import a single stage, and its library reads the variables when it is loaded.
set_process_defaults()
