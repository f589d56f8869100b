"""sway: hanging hair in movement, for the stages that draw or write poses of a model (spring_bones.py simulates, clips.py bakes)."""
