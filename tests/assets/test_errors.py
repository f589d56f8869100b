"""Findings as one sentence each, and errors that survive a process."""

from __future__ import annotations

import pickle

import pytest

from assets.errors import BackendError, FenshenError, Finding, Location, Severity, SpecError, wrap_import_error

FINDING = Finding("spec/unknown-field", "voice.ratte is not a field", location=Location("a.yaml", 5, 3), fix="did you mean rate?")


@pytest.mark.parametrize(("finding", "sentence"), [
    (FINDING, "a.yaml:5:3: error[spec/unknown-field] voice.ratte is not a field; did you mean rate?"),
    (Finding("rig/soles", "it floats", Severity.WARNING, Location("avatar.glb", pointer="idle")),
     "avatar.glb#idle: warning[rig/soles] it floats"),
    (Finding("a/b", "it is wrong"), "error[a/b] it is wrong"),
])  # fmt: skip
def test_a_finding_is_place_severity_code_message_and_fix(finding: Finding, sentence: str) -> None:
    assert str(finding) == sentence


def test_an_error_has_a_line_per_finding_and_keeps_them_when_pickled() -> None:
    error = SpecError(FINDING, FINDING)
    assert str(error) == f"{FINDING}\n{FINDING}"
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.findings) == (SpecError, error.findings)


def test_a_library_that_cannot_be_loaded_is_one_sentence() -> None:
    error = wrap_import_error(ImportError("libcuda.so.1: cannot open shared object file", name="torch"), "identity")
    assert isinstance(error, BackendError)
    assert str(error) == (
        "error[backend/library] identity needs a library that cannot be loaded: libcuda.so.1: cannot open shared object file; "
        "run `make setup`, then `fenshen doctor`"
    )


def test_a_module_of_the_project_that_cannot_be_loaded_is_a_bug() -> None:
    with pytest.raises(ImportError) as caught:
        wrap_import_error(ImportError("cannot import name", name="stages.body"), "body")
    assert not isinstance(caught.value, FenshenError)
