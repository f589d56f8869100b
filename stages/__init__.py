"""How one thing is made from others; no Prefect, heavy imports only inside backends."""
