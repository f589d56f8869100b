"""A user's Inception v3: torchvision's names and sizes, and anything else is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from assets.errors import BackendError
from stages.nets.inception import FID_CLASSES, Inception, InceptionBlock, load_inception

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("inception") / "inception_v3.pth"
    torch.save({**Inception().state_dict(), "AuxLogits.fc.bias": torch.zeros(3)}, path)
    return path


def test_it_has_torchvisions_number_of_parameters() -> None:
    # torchvision.models.inception_v3 without its auxiliary head: 23,834,568.
    assert sum(p.numel() for p in Inception().parameters()) == 23_834_568


def test_its_tensors_have_torchvisions_names() -> None:
    names = set(Inception().state_dict())
    for name in ("Conv2d_1a_3x3.conv.weight", "Mixed_5b.branch3x3dbl_3.bn.running_var", "Mixed_6e.branch7x7dbl_5.conv.weight",
                 "Mixed_7a.branch7x7x3_4.conv.weight", "Mixed_7c.branch3x3dbl_3b.conv.weight", "fc.weight"):  # fmt: skip
        assert name in names


def test_images_of_any_size_have_2048_features(file: Path) -> None:
    net = load_inception(file)
    with torch.no_grad():
        assert net.extract_features(torch.rand(1, 3, 64, 64)).shape == (1, 2048)


def test_the_fid_network_does_not_count_the_padding_and_ends_with_a_maximum() -> None:
    ones = torch.ones(1, 1, 4, 4)
    assert float(InceptionBlock({}, (), original=True).pool(ones).min()) == 1
    assert float(InceptionBlock({}, (), original=False).pool(ones).min()) == pytest.approx(4 / 9)
    ramp = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert float(InceptionBlock({}, (), original=True, last=True).pool(ramp)[0, 0, 1, 1]) == 10
    assert Inception(FID_CLASSES).Mixed_7c.last


FIX = "give torchvision's inception_v3 file"


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    foreign = tmp_path / "resnet.pth"
    torch.save({"fc.bias": torch.zeros(1000)}, foreign)
    with pytest.raises(BackendError) as caught:
        load_inception(foreign)
    first = "Conv2d_1a_3x3.conv.weight is missing or has another shape"
    assert str(caught.value) == f"error[evaluate/inception] resnet.pth is not Inception v3: {first} (and 470 more); {FIX}"


def test_one_wrong_tensor_is_named_alone(tmp_path: Path) -> None:
    file = tmp_path / "almost.pth"
    torch.save({**Inception().state_dict(), "fc.weight": torch.zeros(2)}, file)
    with pytest.raises(BackendError) as caught:
        load_inception(file)
    problem = "almost.pth is not Inception v3: fc.weight is missing or has another shape"
    assert str(caught.value) == f"error[evaluate/inception] {problem}; {FIX}"


def test_a_missing_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackendError) as caught:
        load_inception(Path("gone.pth"))
    problem = "gone.pth cannot be read as weights: [Errno 2] No such file or directory: 'gone.pth'"
    assert str(caught.value) == f"error[evaluate/inception] {problem}; {FIX}"


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("ran",)

    file = tmp_path / "harm.pth"
    torch.save({"fc.bias": Harm()}, file)
    with pytest.raises(BackendError) as caught:
        load_inception(file)
    # The reason is torch's own and changes with its version.
    assert str(caught.value).startswith(f"error[evaluate/inception] {file} cannot be read as weights: Weights only load failed")
    assert str(caught.value).endswith(f"; {FIX}")
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""
