"""People in a spec: mixtures are between their members, children resemble both parents, and files that lead in a circle are refused."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from assets.artefacts.character import FACE_AXIS, FACE_ORIGIN, Identity
from assets.errors import SpecError
from assets.paths import get_baked_path
from assets.spec.appearance import IdentitySpec
from assets.spec.avatar import AvatarSpec
from assets.spec.read import read_spec
from flows.pipeline.media import resolve_media_paths
from flows.pipeline.request import BuildRequest, resolve_request
from flows.pipeline.spec_choices import collect_spec_choices
from stages.identity.backend import BACKENDS
from stages.identity.latents import draw_latent, interpolate_latents, mean_latent
from stages.identity.people import combine_people, fill_traits
from stages.identity.stage import run

SIZE = 64
needs_bake = pytest.mark.skipif(not get_baked_path("face_changes.json").exists(), reason="run `fenshen bake` first")


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(f"name: {file.stem}\n{text}\n", encoding="utf-8")
    return file


def resolve(file: Path, seed: int | None = None) -> AvatarSpec:
    return resolve_request(BuildRequest(str(file), seed=seed))[0].spec


def list_errors(file: Path) -> list[str]:
    with pytest.raises(SpecError) as caught:
        read_spec(str(file), constraints=collect_spec_choices())
    return [str(finding).removeprefix(f"{file.parent}/") for finding in caught.value.findings]


def get_latent(spec: AvatarSpec, folder: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return combine_people(spec.identity, spec.seed, folder, SIZE).latent


def measure_angle(a: np.ndarray, b: np.ndarray) -> float:  # type: ignore[type-arg]
    return float(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))


def test_the_mean_of_two_latents_is_what_lies_between_them() -> None:
    a, b = draw_latent(1, SIZE), draw_latent(2, SIZE)
    for share in (0.0, 0.3, 0.5):
        assert np.allclose(mean_latent([a, b], np.array([1 - share, share])), interpolate_latents(a, b, share), atol=1e-4)


def test_the_mean_of_many_latents_keeps_their_length() -> None:
    latents = [draw_latent(seed, SIZE) for seed in range(6)]
    mean = mean_latent(latents, np.full(6, 1 / 6))
    assert np.linalg.norm(mean) == pytest.approx(np.mean([np.linalg.norm(one) for one in latents]), rel=1e-4)
    angles = [measure_angle(mean, one) for one in latents]
    assert max(angles) < min(measure_angle(a, b) for a, b in combinations(latents, 2))


def test_the_single_form_mixes_another_seed_into_the_specs_own_person(tmp_path: Path) -> None:
    spec = resolve(write(tmp_path, "a.yaml", "seed: 1\nidentity: {mix: {seed: 2, share: 0.25}}"))
    assert np.array_equal(get_latent(spec, tmp_path), interpolate_latents(draw_latent(1, SIZE), draw_latent(2, SIZE), 0.25))
    half = resolve(write(tmp_path, "b.yaml", "seed: 1\nidentity: {mix: {seed: 2}}"))
    assert np.array_equal(get_latent(half, tmp_path), interpolate_latents(draw_latent(1, SIZE), draw_latent(2, SIZE), 0.5))


def test_a_mixture_has_the_mean_traits_of_its_people_and_keeps_what_it_says_itself(tmp_path: Path) -> None:
    write(tmp_path, "young.yaml", "seed: 3\nidentity: {age: 20, gender: 0, tone: 0.2, axes: {lips: 1.0}}\nbody: {height: 0.4}")
    write(tmp_path, "old.yaml", "seed: 4\nidentity: {age: 80, gender: 1, tone: 0.8}\nbody: {height: 0.8}")
    text = "identity: {tone: 0.1, mix: [{spec: young.yaml, weight: 1}, {spec: old.yaml, weight: 3}]}"
    spec = resolve(write(tmp_path, "both.yaml", text))
    assert (spec.identity.age, spec.identity.gender, spec.identity.tone, spec.body.height) == (65, 0.75, 0.1, 0.7)
    traits = combine_people(spec.identity, spec.seed, tmp_path, SIZE)
    assert traits.axes == {"lips": 0.25}
    assert sum(traits.origins.values()) == pytest.approx(1)
    assert measure_angle(traits.latent, draw_latent(4, SIZE)) < measure_angle(traits.latent, draw_latent(3, SIZE))


def test_seeds_presets_and_files_mix_and_one_of_them_alone_is_that_person(tmp_path: Path) -> None:
    alone = resolve(write(tmp_path, "alone.yaml", "identity: {mix: [ada]}"))
    ada = read_spec("ada").spec
    assert np.allclose(get_latent(alone, tmp_path), draw_latent(ada.seed, SIZE), atol=1e-5)
    assert alone.identity.tone == ada.identity.tone
    three = resolve(write(tmp_path, "three.yaml", "identity: {mix: [{seed: 5}, {spec: alone.yaml, weight: 2}, {preset: kofi}]}"))
    assert 30 < three.identity.age < 60


def test_the_order_of_people_makes_no_difference(tmp_path: Path) -> None:
    people = ["{seed: 5}", "{seed: 6, weight: 2}", "{preset: kofi, weight: 3}"]
    latents = [
        get_latent(resolve(write(tmp_path, f"order{k}.yaml", f"identity: {{mix: [{', '.join(order)}]}}")), tmp_path)
        for k, order in enumerate((people, people[::-1]))
    ]
    assert np.allclose(*latents, atol=1e-5)


def test_a_child_resembles_both_parents_and_siblings_differ(tmp_path: Path) -> None:
    family = write(tmp_path, "child.yaml", "identity: {child_of: [ada, kofi]}")
    parents = [draw_latent(read_spec(name).spec.seed, SIZE) for name in ("ada", "kofi")]
    children = [get_latent(resolve(family, seed), tmp_path) for seed in range(24)]
    strangers = [draw_latent(seed, SIZE) for seed in range(100, 124)]
    for parent in parents:
        own = np.mean([np.linalg.norm(child - parent) for child in children])
        others = np.mean([np.linalg.norm(one - parent) for one in strangers])
        assert own < 0.85 * others
    between = [np.linalg.norm(a - b) for a, b in combinations(children, 2)]
    apart = [np.linalg.norm(a - b) for a, b in combinations(strangers, 2)]
    assert 0.4 * np.mean(apart) < np.mean(between) < 0.85 * np.mean(apart)
    assert min(between) > 0, "no two siblings are twins"


def test_a_childs_tone_is_about_its_parents_and_its_sex_either(tmp_path: Path) -> None:
    family = write(tmp_path, "child.yaml", "identity: {child_of: [ada, kofi]}")
    children = [resolve(family, seed) for seed in range(30)]
    tones = [child.identity.tone for child in children]
    assert 0.3 - 0.1 < min(tones) < max(tones) < 0.9 + 0.1
    assert np.std(tones) > 0.05
    assert {child.identity.gender for child in children} == {0.0, 1.0}
    assert resolve(write(tmp_path, "girl.yaml", "identity: {child_of: [ada, kofi], gender: 0, tone: 0.5}"), 3).identity.tone == 0.5


def test_dark_colours_of_eyes_and_hair_are_dominant(tmp_path: Path) -> None:
    write(tmp_path, "dark.yaml", 'groom: {eye_colour: "#2e1a10", hair_colour: "#14100e"}')
    write(tmp_path, "fair.yaml", 'groom: {eye_colour: "#607484", hair_colour: "#a3845c"}')
    family = write(tmp_path, "child.yaml", "identity: {child_of: [dark.yaml, fair.yaml]}")
    eyes = [resolve(family, seed).groom.eye_colour for seed in range(60)]
    assert set(eyes) == {"#2e1a10", "#607484"}
    assert 0.6 < eyes.count("#2e1a10") / len(eyes) < 0.9
    own = write(tmp_path, "own.yaml", 'identity: {child_of: [dark.yaml, fair.yaml]}\ngroom: {eye_colour: "#00ff00"}')
    assert resolve(own).groom.eye_colour == "#00ff00"


def test_an_unchanged_spec_has_no_people_and_stays_as_it_is(tmp_path: Path) -> None:
    spec = read_spec("ada").spec
    assert fill_traits(spec, tmp_path) is spec


@needs_bake
def test_the_identity_has_the_axes_and_origins_of_its_people(tmp_path: Path) -> None:
    write(tmp_path, "parent.yaml", "seed: 8\nidentity: {tone: 0.9, axes: {lips: 0.5, nose_width: -0.5}}")
    spec = resolve(write(tmp_path, "mixed.yaml", "identity: {tone: 0.1, axes: {lips: -1.0}, mix: [parent.yaml]}"))
    made: Identity = run(options=resolve_media_paths(spec.identity, tmp_path), backend=BACKENDS.get(), seed=spec.seed)
    assert made.tone == 0.1
    assert made.face[f"{FACE_AXIS}lips"] == -1.0
    assert made.face[f"{FACE_AXIS}nose_width"] == -0.5
    assert made.face[f"{FACE_ORIGIN}african"] > 0.8, "the parent's shape, under a lighter skin"


@needs_bake
def test_the_axis_of_tone_changes_the_skin_and_not_the_shape() -> None:
    plain = run(options=IdentitySpec(seed=3, tone=0.4), backend=BACKENDS.get(), seed=0)
    dark = run(options=IdentitySpec(seed=3, tone=0.4, axes={"tone": 1.0}), backend=BACKENDS.get(), seed=0)
    assert dark.tone == pytest.approx(0.8)
    assert dark.head.pixels.mean() < plain.head.pixels.mean() - 20
    assert {name: value for name, value in dark.face.items() if not name.startswith(FACE_ORIGIN)} == plain.face


def test_a_changed_spec_of_a_person_changes_the_key(tmp_path: Path) -> None:
    from flows.pipeline.definition import STAGES
    from stages.execute import compute_key_parts

    def compute_parts() -> dict[str, object]:
        request, _, _ = resolve_request(BuildRequest(str(tmp_path / "mixed.yaml")))
        return compute_key_parts(STAGES["identity"], request.make_job(STAGES["identity"], request.spec.identity, None, None), {})

    write(tmp_path, "grandma.yaml", "seed: 8")
    write(tmp_path, "mum.yaml", "identity: {mix: [grandma.yaml, {seed: 2}]}")
    write(tmp_path, "mixed.yaml", "identity: {mix: [mum.yaml]}")
    before = compute_parts()
    assert compute_parts() == before
    write(tmp_path, "grandma.yaml", "seed: 9")
    assert compute_parts()["media"] != before["media"]


def test_people_that_are_their_own_relatives_are_refused_in_one_sentence(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "identity: {mix: [b.yaml]}")
    write(tmp_path, "b.yaml", "identity: {child_of: [a.yaml, ada]}")
    (error,) = list_errors(tmp_path / "a.yaml")
    assert "a person cannot be its own relative: b.yaml -> a.yaml -> b.yaml; take one of them out" in error
    assert error.startswith("a.yaml:2:18: error[identity/person] identity.mix.0: ")


def test_errors_of_a_persons_spec_are_reported_with_its_file(tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", "identity: {agee: 3, axes: {nose_widht: 1}}")
    assert list_errors(write(tmp_path, "a.yaml", "identity: {mix: [{spec: b.yaml}, {seed: 3}]}")) == [
        "a.yaml:2:25: error[identity/person] identity.mix.0: b.yaml:2:12: identity.agee is not a field (and 1 more); did you mean age?",
    ]
    write(tmp_path, "b.yaml", "identity: {axes: {nose_widht: 1}}")
    assert list_errors(tmp_path / "a.yaml") == [
        "a.yaml:2:25: error[identity/person] identity.mix.0: b.yaml:2:31: identity.axes: unknown axis 'nose_widht'; "
        "did you mean nose_width?",
    ]


@pytest.mark.parametrize(
    ("identity", "error"),
    [
        (
            '{axes: {nose_widht: 1}}',
            "error[spec/unknown-name] identity.axes: unknown axis 'nose_widht'; "
            'did you mean nose_width?',
        ),
        ('{axes: {age: 1}}', "error[spec/unknown-name] identity.axes: unknown axis 'age'; write it as identity.age"),
        ('{axes: {lips: 2}}', 'error[spec/invalid-value] identity.axes.lips: expected a number between -1 and 1, got 2'),
        ('{mix: [adda]}', "error[spec/unknown-name] identity.mix.0.preset: unknown preset 'adda'; did you mean ada?"),
        (
            '{mix: [gone.yaml]}',
            'error[spec/no-such-file] identity.mix.0: there is no file gone.yaml; '
            "paths are relative to the spec's folder",
        ),
        (
            '{mix: [../x.yaml]}',
            "error[spec/path-escape] identity.mix.0: ../x.yaml is outside the spec's folder; "
            'move the file into it, or pass --allow-outside',
        ),
        (
            '{mix: [{weight: 2}]}',
            'error[identity/person] identity.mix.0: expected one of seed, spec or preset, got none; '
            'add exactly one',
        ),
        (
            '{mix: [{seed: 2, preset: ada}]}',
            'error[identity/person] identity.mix.0: expected one of seed, spec or preset, got seed and preset; '
            'keep exactly one',
        ),
        (
            '{mix: [{seed: 2, share: 0.3}, ada]}',
            'error[identity/person] identity.mix.0.share is for a single seed; '
            'write weight, which counts among all people of the list',
        ),
        (
            '{child_of: [ada, kofi], mix: [ada]}',
            'error[identity/people] identity has both mix and child_of; keep one; '
            'a parent may be a spec with a mix of its own',
        ),
        (
            '{child_of: [ada, 5]}',
            'error[spec/invalid-value] identity.child_of.1: expected a section with fields of its own, got 5; '
            'its fields are seed, spec, preset, weight, share',
        ),
        ('{child_of: [ada]}', 'error[identity/people] identity.child_of: expected two parents, got one; add the other'),
        (
            '{mix: {seed: 2, share: 2}}',
            'error[spec/invalid-value] identity.mix.0.share: expected a number between 0 and 1, got 2',
        ),
    ],
)  # fmt: skip
def test_wrong_people_and_axes_are_one_sentence(identity: str, error: str, tmp_path: Path) -> None:
    errors = list_errors(write(tmp_path, "a.yaml", f"identity: {identity}"))
    assert [one.split(": ", 1)[1] for one in errors] == [error]
