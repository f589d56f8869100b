"""Pictures of posed meshes by OpenGL: see preview.py for stills, portrait.py for portraits, depth.py for depth maps."""
