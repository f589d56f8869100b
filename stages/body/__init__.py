"""The body stage: Identity to Body. stage.py runs it, backend.py is the protocol, anny.py and generator.py are the backends."""
