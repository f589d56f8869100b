"""present: a film of a bundle's figure that speaks next to slides; stage.py has the stages that it is made of."""
