"""package: turns a finished character into the files of a bundle (stage.py), fitted to the target's budget (target.py)."""
