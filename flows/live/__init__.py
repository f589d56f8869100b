"""Live talk with a bundle: a server on this machine, a page that listens and answers, and the protocol between them."""
