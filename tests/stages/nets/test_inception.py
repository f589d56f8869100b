"""The user's Inception: torchvision's names and sizes, and refusal of anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from assets.errors import BackendError
from stages.nets.inception import FID_CLASSES, Inception, InceptionBlock, load_inception


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("inception") / "inception_v3.pth"
    torch.save({**Inception().state_dict(), "AuxLogits.fc.bias": torch.zeros(3)}, path)
    return path


def test_it_has_torchvision_s_number_of_parameters() -> None:
    # torchvision.models.inception_v3 without its auxiliary head: 23,834,568.
    assert sum(p.numel() for p in Inception().parameters()) == 23_834_568


def test_names_are_torchvision_s() -> None:
    names = set(Inception().state_dict())
    for name in ("Conv2d_1a_3x3.conv.weight", "Mixed_5b.branch3x3dbl_3.bn.running_var", "Mixed_6e.branch7x7dbl_5.conv.weight",
                 "Mixed_7a.branch7x7x3_4.conv.weight", "Mixed_7c.branch3x3dbl_3b.conv.weight", "fc.weight"):  # fmt: skip
        assert name in names


def test_a_user_s_file_gives_2048_features_of_any_size(file: Path) -> None:
    net = load_inception(file)
    with torch.no_grad():
        assert net.extract_features(torch.rand(1, 3, 64, 64)).shape == (1, 2048)


def test_the_original_network_does_not_count_its_margins_and_ends_with_a_maximum() -> None:
    ones = torch.ones(1, 1, 4, 4)
    assert float(InceptionBlock({}, (), original=True).pool(ones).min()) == 1
    assert float(InceptionBlock({}, (), original=False).pool(ones).min()) == pytest.approx(4 / 9)
    ramp = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert float(InceptionBlock({}, (), original=True, last=True).pool(ramp)[0, 0, 1, 1]) == 10
    assert Inception(FID_CLASSES).Mixed_7c.last


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    foreign = tmp_path / "resnet.pth"
    torch.save({"fc.bias": torch.zeros(1000)}, foreign)
    with pytest.raises(BackendError, match="is no Inception v3") as caught:
        load_inception(foreign)
    assert "\n" not in str(caught.value)
    with pytest.raises(BackendError, match="cannot be read as weights"):
        load_inception(tmp_path / "gone.pth")


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("ran",)

    file = tmp_path / "harm.pth"
    torch.save({"fc.bias": Harm()}, file)
    with pytest.raises(BackendError, match="cannot be read as weights"):
        load_inception(file)
