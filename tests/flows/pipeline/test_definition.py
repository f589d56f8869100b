"""The table of stages: what each stage gets, and from whom.

identity ─► body ─► texture ─► model ─► preview ─► package ─► verify
              ├───► groom ───► model                  ▲
              └───► retarget ◄─ motion                │
                       └─► presence ─► preview        │
dialogue ─► voice ─► performance ◄─ presence ─────────┘
"""

from __future__ import annotations

from typing import Any

import pytest

from assets.spec.appearance import Section
from assets.spec.avatar import AvatarSpec
from flows.pipeline.definition import PIPELINE, STAGES, PipelineStage, walk_pipeline
from stages.stage import Stage

SPEC = AvatarSpec.model_validate({"name": "Ada", "persona": {"language": "zh"}, "body": {"backend": "anny"}})


class Recorder:
    """A walker that notes what each stage was given; a stage's result is its name."""

    def __init__(self) -> None:
        self.options: dict[str, Section] = {}
        self.backends: dict[str, str | None] = {}
        self.extras: dict[str, dict[str, Any] | None] = {}
        self.inputs: dict[str, dict[str, str]] = {}

    def __call__(
        self, stage: Stage[Any], options: Section, *, backend: str | None = None, extra: dict[str, Any] | None = None, **inputs: str
    ) -> str:
        self.options[stage.name], self.backends[stage.name], self.extras[stage.name] = options, backend, extra
        self.inputs[stage.name] = inputs
        return stage.name


@pytest.fixture
def walked() -> Recorder:
    recorder = Recorder()
    walk_pipeline(recorder, SPEC)
    return recorder


INPUTS = {
    "identity": {},
    "body": {"identity": "identity"},
    "texture": {"identity": "identity", "body": "body"},
    "groom": {"body": "body"},
    "motion": {},
    "retarget": {"motion": "motion", "body": "body"},
    "dialogue": {},
    "voice": {"dialogue": "dialogue"},
    "presence": {"motion": "retarget"},
    "performance": {"dialogue": "dialogue", "speech": "voice", "motion": "presence"},
    "model": {"body": "body", "texture": "texture", "groom": "groom"},
    "preview": {"model": "model", "motion": "presence"},
    "package": {"model": "model", "previews": "preview", "performance": "performance", "dialogue": "dialogue", "speech": "voice"},
    "verify": {"package": "package"},
}


@pytest.mark.parametrize("stage", INPUTS)
def test_a_stage_takes_its_inputs_from_these_stages(walked: Recorder, stage: str) -> None:
    assert walked.inputs[stage] == INPUTS[stage]


@pytest.mark.parametrize(
    ("stage", "section"),
    [("identity", "identity"), ("dialogue", "persona"), ("presence", "performance"), ("model", "package"), ("verify", "package")],
)
def test_a_stage_reads_its_section_of_the_spec(walked: Recorder, stage: str, section: str) -> None:
    assert walked.options[stage] is getattr(SPEC, section)


def test_the_backend_is_the_one_of_the_options_or_is_chosen_from_the_whole_spec(walked: Recorder) -> None:
    chosen = {stage: walked.backends[stage] for stage in ("identity", "body", "dialogue", "voice", "groom")}
    assert chosen == {"identity": None, "body": "anny", "dialogue": "embedding", "voice": "mandarin", "groom": None}


def test_further_keywords_of_run_come_from_the_spec(walked: Recorder) -> None:
    given = {stage: extra for stage, extra in walked.extras.items() if extra is not None}
    assert given == {"dialogue": {"name": "Ada"}, "package": {"rights": SPEC.rights, "name": "Ada"}}


def test_the_results_are_those_of_all_stages_in_order() -> None:
    names = [entry.stage.name for entry in PIPELINE]
    assert list(STAGES) == names
    assert walk_pipeline(Recorder(), SPEC) == dict(zip(names, names, strict=True))
    assert list(walk_pipeline(Recorder(), SPEC)) == names


def test_only_the_identity_waits_for_the_gpu() -> None:
    assert [stage.name for stage in STAGES.values() if stage.gpu] == ["identity"]


def test_inputs_name_parameters_that_the_stage_has() -> None:
    """A misspelt parameter in `inputs` would be passed over in silence."""
    assert [entry.record for entry in PIPELINE if not set(entry.inputs) <= set(entry.stage.takes)] == []


def test_a_record_that_does_not_exist_is_a_bug() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'stages\.toy'"):
        PipelineStage("stages.toy.stage:STAGE", "toy").stage  # noqa: B018
