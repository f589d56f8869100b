"""motion: makes clips on one canonical skeleton, from the library (clips.py), BVH files (bvh.py) and videos (mediapipe.py)."""
