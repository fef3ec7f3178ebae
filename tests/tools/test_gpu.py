"""The programs that trained the x4 networks on a GPU, on a processor and on tiny sizes."""

from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from itertools import chain, product
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

import srlib
from srlib.networks.srgan import Discriminator, SRResNet
from srlib.networks.weights import read_about, save_weights
from srlib.training.history import History
from srlib.training.soap import SOAP
from tools.gpu import run, stage
from tools.gpu.__main__ import main
from tools.gpu.data import HELD_OUT, FlatPatches, Places, pairs_of, read_all, split
from tools.gpu.fast import Fast, Wide, fold_biases, polyphase, polyphase_taps
from tools.gpu.recipe import RUN, TRIAL
from tools.gpu.soap import StackedSOAP
from tools.gpu.srresnet import rmse

CPU = torch.device("cpu")
SIZES = ((96, 96), (80, 101), (90, 50))  # of the images: rows, columns; no multiples of 4, too
PATCH = 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dead leaves; the names of two are among those that are held out."""
    folder = tmp_path_factory.mktemp("leaves")
    names = ("a", "b", "c", "t49", "mdx_0782")
    for seed, name in enumerate(names):
        rows, columns = SIZES[seed % len(SIZES)]
        Image.fromarray(srlib.dead_leaves(104, seed)[:rows, :columns]).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def init(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("init") / "small.safetensors"
    about = {"model": "srresnet", "scale": 4, "blocks": 1, "channels": 8}
    save_weights(file, SRResNet(4, blocks=1, channels=8), about)
    return file


@pytest.fixture(scope="module")
def pairs(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    return [srlib.degrade(srlib.read(folder / f"{name}.png"), 4) for name in "abc"]


@pytest.fixture
def words(folder: Path, init: Path, random_vgg: Path, tmp_path: Path) -> list[str]:
    """A command line but for its device and time; the results go to ``tmp_path / "out"``."""
    given = {"data": folder, "init": init, "vgg": random_vgg, "out": tmp_path / "out"}
    return [str(word) for name, value in given.items() for word in (f"--{name}", value)]


def command(words: list[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main(words)
    return end.value.code or 0, out.getvalue(), err.getvalue()


# --------------------------------------------------------------------------------------------- data


def turned(patch: np.ndarray, symmetry: torch.Tensor) -> np.ndarray:
    """``(h, w, 3)`` upside down, left to right, transposed, as asked for."""
    up, left, transposed = symmetry.tolist()
    patch = patch[::-1] if up else patch
    patch = patch[:, ::-1] if left else patch
    return patch.swapaxes(0, 1) if transposed else patch


def as_uint8(batch: torch.Tensor) -> np.ndarray:
    """``(B, 3, h, w)`` -> ``(B, h, w, 3)``."""
    return (batch * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def test_a_batch_is_the_pairs_of_degrade_cut_at_one_place(pairs):
    torch.manual_seed(0)
    patches = FlatPatches(pairs, 4, CPU)
    places = patches.places(64, PATCH)
    lr, hr = patches.cut(places, PATCH)
    assert (lr.shape, hr.shape) == ((64, 3, 8, 8), (64, 3, 32, 32))
    assert set(places.image.tolist()) == {0, 1, 2}
    assert len(set(map(tuple, places.symmetry.tolist()))) == 8
    for got, side, factor in ((as_uint8(lr), 0, 1), (as_uint8(hr), 1, 4)):
        for row, (image, corner, symmetry) in enumerate(zip(*places, strict=True)):
            top, left = (corner * factor).tolist()
            size = PATCH // 4 * factor
            wanted = pairs[image][side][top : top + size, left : left + size]
            np.testing.assert_array_equal(got[row], turned(wanted, symmetry))


def test_a_patch_may_lie_at_every_edge_and_images_are_drawn_by_area(pairs):
    torch.manual_seed(0)
    patches = FlatPatches(pairs, 4, CPU)
    places = patches.places(20_000, PATCH)
    room = patches.sides[places.image] - PATCH // 4
    assert (places.corner >= 0).all() and (places.corner <= room).all()
    assert all(((places.corner[:, axis] == room[:, axis]).any()) for axis in (0, 1))
    area = np.array([lr.shape[0] * lr.shape[1] for lr, _ in pairs])
    drawn = np.bincount(places.image.numpy()) / 20_000
    np.testing.assert_allclose(drawn, area / area.sum(), atol=0.02)


def test_the_eight_symmetries_keep_the_two_sides_together(pairs):
    """Each symmetry turned HR and LR alike: shrunk, the one is the other but for its edge."""
    symmetry = torch.tensor(list(product((0, 1), repeat=3)))
    places = Places(torch.zeros(8, dtype=torch.long), torch.full((8, 2), 3), symmetry)
    lr, hr = FlatPatches(pairs, 4, CPU).cut(places, 64)
    assert len({patch.tobytes() for patch in as_uint8(hr)}) == 8
    shrunk = srlib.imresize(hr, 1 / 4)
    inside = (slice(None), slice(None), slice(3, -3), slice(3, -3))
    assert (shrunk - lr)[inside].abs().max() < 1.5 / 255  # LR was rounded, twice
    assert (shrunk.flip(2) - lr)[inside].abs().max() > 0.1


def test_each_image_is_there_at_the_sizes_that_hold_a_patch(folder):
    found = [hr.shape[:2] for _, hr in pairs_of(folder / "a.png", 4, (0.7, 0.5), 48)]
    assert found == [(96, 96), (68, 68), (48, 48)]
    assert [hr.shape[:2] for _, hr in pairs_of(folder / "b.png", 4, (0.7, 0.5), 48)] == [
        (80, 100),
        (56, 68),
    ]
    assert pairs_of(folder / "c.png", 4, (0.7,), 64) == []
    files = sorted(folder.glob("?.png"))
    assert len(list(chain.from_iterable(read_all(files, 4, (0.7, 0.5), 48)))) == 3 + 2 + 1


def test_images_are_held_out_by_their_names_or_at_equal_steps(folder, tmp_path):
    training, held_out = split([folder])
    assert [path.stem for path in held_out] == ["mdx_0782", "t49"]
    assert [path.stem for path in training] == ["a", "b", "c"]
    for number in range(50):
        (tmp_path / f"{number:02}.png").touch()
    training, held_out = split([tmp_path])
    assert len(held_out) == 17 and not set(held_out) & set(training)
    assert len(HELD_OUT) == 17


# ---------------------------------------------------------------------------------------- optimiser


def test_stacked_soap_takes_the_steps_of_the_library_s():
    """With gradients of full rank along each axis, as SRResNet's are.

    Along others the first basis is completed by directions that no gradient has, which depend on
    the last bit of a product.
    """
    shapes = [(8, 8, 3, 3), (8,), (6, 8, 3, 3), (8, 8, 3, 3), (1,), (8,), (8, 8, 1, 1)]
    torch.manual_seed(0)
    ours = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    theirs = [nn.Parameter(each.detach().clone()) for each in ours]
    stacked, library = StackedSOAP(ours), SOAP(theirs, lr=3e-3, refresh=5)
    assert [len(each.parameters) for each in stacked.stacks] == [2, 2, 1, 1, 1]
    stacked.learning_rate.fill_(3e-3)
    before = [each.detach().clone() for each in ours]
    for step in range(23):
        for a, b in zip(ours, theirs, strict=True):
            a.grad = torch.randn(a.shape) * torch.linspace(0.1, 2, a.numel()).view(a.shape)
            b.grad = a.grad.clone()
        library.step()  # the first only shows the directions
        if step == 0:
            stacked.begin()
        else:
            stacked.step()
            if step % 5 == 0:
                stacked.refresh()
    for a, b, start in zip(ours, theirs, before, strict=True):
        assert (b - start).abs().max() > 1e-3  # it did move
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)


# ------------------------------------------------------------------------------------ forward pass


def lively(scale: int = 4) -> SRResNet:
    """With biases and statistics that matter."""
    torch.manual_seed(0)
    network = SRResNet(scale, blocks=2, channels=8)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.running_mean)
        elif isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.bias, std=0.3)
    return network


@pytest.mark.parametrize("size", [3, 5, 9])
def test_the_tail_before_the_shuffle_is_the_tail_after_it(size):
    torch.manual_seed(0)
    tail = nn.Conv2d(6, 3, size, padding=size // 2).double()
    features = torch.randn(2, 24, 7, 5, dtype=torch.float64)
    sr = polyphase(features, tail, polyphase_taps(size))
    torch.testing.assert_close(sr, tail(functional.pixel_shuffle(features, 2)))


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("training", [True, False])
def test_the_fast_form_is_the_same_function_with_the_same_gradients(scale, training):
    network = lively(scale).train(training)
    lr = torch.rand(2, 3, 9, 7)
    with torch.no_grad():
        before = network.eval()(lr)
    fold_biases(network)
    torch.testing.assert_close(network(lr), before, rtol=0, atol=1e-5)  # in use
    results, gradients = [], []
    for forward in (network.train(training), Fast(network)):
        network.zero_grad()
        results.append(forward(lr))
        results[-1].square().mean().backward()
        gradients.append([p.grad.clone() for p in network.parameters() if p.requires_grad])
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-5)


def test_a_bias_before_batch_norm_no_longer_learns():
    network = lively()
    fold_biases(network)
    folded = [name for name, each in network.named_parameters() if not each.requires_grad]
    assert len(folded) == 2 * network.blocks + 1 and all(name.endswith("bias") for name in folded)


def test_a_wide_first_layer_is_the_same_function():
    torch.manual_seed(0)
    judge, image = Discriminator(16, channels=4, dense=8).eval(), torch.rand(2, 3, 16, 16)
    before = judge(image)
    judge.features[0] = Wide(judge.features[0])
    torch.testing.assert_close(judge(image), before)


# ------------------------------------------------------------------------------------- the programs


def test_rmse_is_the_mean_over_the_patches():
    errors = torch.tensor([0.3, 0.1]).view(2, 1, 1, 1).expand(2, 3, 4, 4)
    assert float(rmse(errors, torch.zeros(2, 3, 4, 4))) == pytest.approx(0.2, abs=1e-4)


def test_the_settings_are_those_of_the_run():
    assert sum(phase.share for phase in RUN.phases) == pytest.approx(1)
    assert [(each.patch, each.loss) for each in RUN.phases] == [
        (96, "l1"),
        (160, "l1"),
        (192, "rmse"),
    ]
    assert RUN.smallest == 192


def test_both_trainings_leave_weights_and_histories(words, tmp_path, folder):
    code, said, complaints = command([*words, "--device", "cpu", "--seconds", "2"])
    assert (code, complaints) == (0, "")
    assert said.splitlines()[0].startswith("[   0.0] SRResNet and SRGAN in 2 s")
    assert "3 files: 6 images with their smaller copies" in said and "2 files are held" in said
    lr, hr = srlib.degrade(srlib.read(folder / "a.png"), 4)
    results = {}
    for name in ("srresnet", "srgan"):
        out = tmp_path / "out" / name
        assert sorted(each.name for each in out.iterdir()) == ["best.safetensors", "history.csv"]
        results[name] = srlib.load(out, 4)(lr)
        assert results[name].shape == hr.shape
        about, last = read_about(out), History.load(out / "history.csv").rows[-1]
        assert (about["model"], about["step"], about["psnr"]) == (name, last.step, last.psnr)
        assert last.step > 0 and np.isfinite([last.loss, last.psnr, *last.terms.values()]).all()
    assert (results["srresnet"] != results["srgan"]).any()
    assert srlib.load(tmp_path / "out" / "srgan" / "best.safetensors", 4).scale == 4
    assert list(last.terms) == ["content", "adversarial", "d_real", "d_fake", "l1", "vgg"]
    parts = last.terms["content"] + 0.001 * last.terms["adversarial"] + 0.02 * last.terms["l1"]
    assert last.loss > parts  # and the mesh
    code, _, complaints = command([*words, "--device", "cpu", "--seconds", "2"])
    assert code == 2 and "already holds a training" in complaints


def test_ctrl_c_leaves_the_last_checkpoint_whole(words, tmp_path, monkeypatch):
    saved = []

    def save_then_stop(path: Path, *rest: object) -> None:
        if saved:
            raise KeyboardInterrupt
        save_weights(path, *rest)
        saved.append(path)

    monkeypatch.setattr(stage, "save_weights", save_then_stop)
    monkeypatch.setattr(run, "TRIAL", replace(TRIAL, interval=1))
    code, _, complaints = command([*words, "--device", "cpu", "--seconds", "60"])
    assert (code, complaints) == (130, "srlib: stopped\n")
    out = tmp_path / "out" / "srresnet"
    assert sorted(each.name for each in out.iterdir()) == ["best.safetensors", "history.csv"]
    assert srlib.load(out, 4).scale == 4 and read_about(out)["step"] == 1
    assert len(History.load(out / "history.csv")) == 1


def test_what_is_no_number_is_said_and_not_saved(words, init, tmp_path, monkeypatch):
    network = SRResNet(4, blocks=1, channels=8)
    network.tail.bias.data.fill_(3e38)  # each value is a number, and their sum is none
    about = {"model": "srresnet", "scale": 4, "blocks": 1, "channels": 8}
    save_weights(tmp_path / "huge.safetensors", network, about)
    words[words.index(str(init))] = str(tmp_path / "huge.safetensors")
    monkeypatch.setattr(run, "TRIAL", replace(TRIAL, interval=1))
    code, _, complaints = command([*words, "--device", "cpu", "--seconds", "60"])
    assert code == 2 and "is no number" in complaints and complaints.count("\n") == 1
    assert list((tmp_path / "out" / "srresnet").iterdir()) == []


def test_without_a_gpu_it_says_so_in_one_line(words, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    code, said, complaints = command(words)
    assert (code, said) == (2, "") and complaints.startswith("srlib: no GPU: this training needs")
    assert complaints.count("\n") == 1 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "more, complaint",
    [
        (["--device", "cpu"], "such as --seconds 30"),
        (["--seconds", "0"], "seconds must be above 0"),
        (["--share", "1"], "share must lie between 0 and 1"),
        (["--weight", "-1"], "weight must be 0 or more"),
    ],
)
def test_options_that_cannot_be_used_are_named(words, more, complaint):
    code, said, complaints = command([*words, *more])
    assert (code, said) == (2, "") and complaint in complaints and complaints.count("\n") == 1
