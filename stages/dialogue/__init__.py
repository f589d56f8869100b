"""dialogue: persona to lines, replies and live answers; stage.py is the entry point."""
