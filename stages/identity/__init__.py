"""The identity stage: IdentitySpec to Identity. stage.py runs it, backend.py is the protocol, generator.py holds the backends."""
