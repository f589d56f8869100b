"""`fenshen explore`: a local page on which a person is found by sliders, seeds and mixing."""
