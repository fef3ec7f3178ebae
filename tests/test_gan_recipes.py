"""srlib train srresnet and srgan: from folders to weights; what they refuse."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from test_train_cli import run
from test_training import FILES, files, same_bits, snapshot
from torch.nn import functional

from srlib import gan_recipes
from srlib.checkpoint import CheckpointError, load_state, load_weights, save_weights
from srlib.datasets import Patches, dead_leaves
from srlib.gan_options import GANOptions, ResNetOptions
from srlib.gan_recipes import (
    pixel_l1,
    pixel_mse,
    pretrained_generator,
    rgb_validation,
    train_srgan,
    train_srresnet,
    with_anchors,
)
from srlib.history import History
from srlib.images import ImageError, write
from srlib.losses import mesh_loss
from srlib.metrics import Protocol, psnr
from srlib.models.srcnn import SRCNN
from srlib.models.srgan import Discriminator, SRResNet
from srlib.resize import imresize
from srlib.training import TrainingError
from srlib.vgg import WeightsUnavailable

RESNET = {"scale": 2, "steps": 4, "blocks": 1, "channels": 4, "batch_size": 4, "interval": 2}
GAN = {"steps": 4, "content": "relu1_1", "batch_size": 2, "interval": 2}


@pytest.fixture(scope="module")
def leaves(tmp_path_factory) -> Path:
    """A folder of images of 96 to 128 pixels, some too small for a patch."""
    folder = tmp_path_factory.mktemp("leaves")
    for seed in range(12):
        write(folder / f"{seed:02}.png", dead_leaves(128, seed)[: 96 + 2 * seed, :120])
    write(folder / "small.png", dead_leaves(100, 50)[:95])
    return folder


def resnet(leaves: Path, out: Path, init: Path | None = None, resume: bool = False, **changed):
    options = ResNetOptions(**RESNET | changed)
    return train_srresnet([leaves], out, options, resume=resume, init=init, progress=False)


@pytest.fixture(scope="module")
def pretrained(leaves, tmp_path_factory) -> Path:
    """The folder of a training of SRResNet."""
    out = tmp_path_factory.mktemp("srresnet")
    resnet(leaves, out)
    return out


@pytest.fixture
def small_discriminator(monkeypatch) -> None:
    """The paper's has 23.6 million weights, which take seconds to save."""
    monkeypatch.setattr(gan_recipes, "Discriminator", partial(Discriminator, channels=2, dense=8))


@pytest.fixture
def gan(leaves, pretrained, random_vgg, small_discriminator):
    """Train SRGAN with some options changed."""

    def train(out: Path, init: Path = pretrained, resume: bool = False, **changed) -> History:
        options = GANOptions(**{"vgg": random_vgg} | GAN | changed)
        return train_srgan([leaves], out, init, options, resume=resume, progress=False)

    return train


# SRResNet


def test_srresnet_trains_and_says_what_it_is(leaves, tmp_path):
    history = resnet(leaves, tmp_path / "run")
    assert files(tmp_path / "run") == FILES
    assert history.column("step") == [2, 4]
    assert History.load(tmp_path / "run" / "history.csv").rows == history.rows
    about = load_weights(tmp_path / "run" / "best.safetensors", SRResNet(2, 1, 4))
    expected = {"model": "srresnet", "scale": 2, "blocks": 1, "channels": 4, "images": 10}
    assert about == about | expected | {"seed": 0, "loss": "mse", "data": leaves.name}
    assert about["psnr"] == history.best.psnr


def test_srresnet_learns(leaves, tmp_path):
    history = resnet(leaves, tmp_path, steps=60, interval=20, channels=8)
    assert history.column("psnr")[-1] > history.column("psnr")[0] + 3
    assert history.column("loss")[-1] < history.column("loss")[0] / 2


def test_srresnet_goes_on_to_the_same_bits(leaves, pretrained, tmp_path, monkeypatch):
    batch = Patches.batch

    def stop(self, step, rank=0, world=1):
        if step == 3:
            raise RuntimeError("pulled the plug")
        return batch(self, step, rank, world)

    monkeypatch.setattr(Patches, "batch", stop)
    with pytest.raises(RuntimeError, match="pulled the plug"):
        resnet(leaves, tmp_path)
    monkeypatch.undo()
    assert load_state(tmp_path / "last.pt")["step"] == 2
    resnet(leaves, tmp_path, resume=True)
    same_bits(load_state(pretrained / "last.pt"), load_state(tmp_path / "last.pt"))


def test_srresnet_begins_with_given_weights(leaves, pretrained, tmp_path):
    best = pretrained / "best.safetensors"
    resnet(leaves, tmp_path / "run", init=best, steps=2, learning_rate=1e-9)
    begin, end = load_file(best), load_file(tmp_path / "run" / "best.safetensors")
    for name in ("head.0.weight", "tail.weight"):
        assert torch.allclose(begin[name], end[name], atol=1e-6)
    for changed, message in (({"scale": 4}, "scale 2, not 4"), ({"blocks": 2}, "blocks 1, not 2")):
        with pytest.raises(CheckpointError, match=message):
            resnet(leaves, tmp_path / "other", init=best, **changed)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"scale": 4}, "scale 2, not 4"),
        ({"channels": 8}, "channels 4, not 8"),
        ({"loss": "l1"}, "loss 'mse', not 'l1'"),
        ({"learning_rate": 1e-3}, "learning_rate 0.002, not 0.001"),
        ({"steps": 6}, "steps 4, not 6"),
    ],
)
def test_srresnet_does_not_go_on_with_other_settings(leaves, pretrained, changed, message):
    before = snapshot(pretrained)
    with pytest.raises(CheckpointError, match=message):
        resnet(leaves, pretrained, resume=True, **changed)
    with pytest.raises(CheckpointError, match="already holds a training"):
        resnet(leaves, pretrained)
    assert snapshot(pretrained) == before


def test_srresnet_learns_what_vgg_sees(leaves, pretrained, random_vgg, tmp_path):
    """Features come nearer, the last weights are kept, BatchNorm keeps its statistics."""
    init = pretrained / "best.safetensors"
    seen = {"init": init, "vgg": random_vgg, "loss": "relu1_1", "mesh": 1.0, "pixels": 0.1}
    history = resnet(leaves, tmp_path, steps=40, interval=20, learning_rate=1e-3, **seen)
    assert history.column("loss")[1] < history.column("loss")[0]
    about = load_weights(tmp_path / "best.safetensors", SRResNet(2, 1, 4))
    assert about == about | {"step": 40, "loss": "relu1_1", "mesh": 1.0, "pixels": 0.1}
    before, after = load_file(init), load_file(tmp_path / "best.safetensors")
    running = [name for name in before if "running" in name]
    assert running and all(torch.equal(before[name], after[name]) for name in running)


def test_anchors_have_their_weights_beside_the_content():
    sr, hr = torch.rand(2, 2, 3, 32, 32).unbind()
    content, l1 = functional.mse_loss, functional.l1_loss(sr, hr)
    for mesh, pixels in ((10.0, 0.0), (0.0, 2.0), (10.0, 2.0)):
        expected = content(sr, hr) + mesh * mesh_loss(sr, hr, 4) + pixels * l1
        found = with_anchors(content, mesh, pixels, 4)(sr, hr)
        assert float(found) == pytest.approx(float(expected), rel=1e-6)
    assert with_anchors(content, 0.0, 0.0, 4) is content


def test_losses_are_means_over_all_pixels():
    network = torch.nn.Identity()
    lr, hr = torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    hr[0, 0, 0, 0], hr[0, 1, 1, 0] = 0.6, -1.2
    assert float(pixel_mse(network, lr, hr)) == pytest.approx((0.36 + 1.44) / 12)
    assert float(pixel_l1(network, lr, hr)) == pytest.approx(1.8 / 12)


def test_validation_is_the_papers_protocol(tmp_path):
    """Luma, four pixels shaved, against the truth; here of a network that repeats pixels."""

    class Nearest(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.device = torch.nn.Parameter(torch.zeros(1))

        def forward(self, lr: torch.Tensor) -> torch.Tensor:
            return lr.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)

    image = dead_leaves(128, 3)[:110, :101]
    write(tmp_path / "a.png", image)
    hr = image[:108, :100]
    sr = imresize(hr, 1 / 4).repeat(4, axis=0).repeat(4, axis=1)
    expected = psnr(sr, hr, Protocol.paper(4))
    found = rgb_validation([tmp_path / "a.png"], 4)(Nearest())
    assert found == pytest.approx(expected, abs=0.05)  # LR is rounded to 8 bit in one of them


# SRGAN


def test_srgan_with_the_papers_discriminator(leaves, pretrained, random_vgg, tmp_path):
    options = GANOptions(**GAN | {"steps": 2, "content": "relu2_2", "vgg": random_vgg})
    history = train_srgan([leaves], tmp_path / "run", pretrained, options, progress=False)
    assert files(tmp_path / "run") == FILES
    assert history.columns[5:] == ["content", "adversarial", "discriminator", "d_real", "d_fake"]
    row = history.rows[-1]
    expected = row.terms["content"] + 1e-3 * row.terms["adversarial"]
    assert row.loss == pytest.approx(expected, rel=1e-4)
    about = load_weights(tmp_path / "run" / "best.safetensors", SRResNet(2, 1, 4))
    expected = {"model": "srgan", "scale": 2, "blocks": 1, "channels": 4, "images": 10, "step": 2}
    assert about == about | expected | {"content": "relu2_2", "weight": 1e-3}
    weights = load_state(tmp_path / "run" / "last.pt")["models"]["discriminator"]
    assert weights["judge.1.weight"].shape == (1024, 512 * 6 * 6)


def test_srgan_begins_with_the_folder_or_the_file(gan, pretrained, tmp_path):
    best = pretrained / "best.safetensors"
    for name, init in (("folder", pretrained), ("file", best)):
        gan(tmp_path / name, init, steps=2, learning_rate=1e-9)
        end = load_file(tmp_path / name / "best.safetensors")
        for weight, begin in load_file(best).items():
            if "running" not in weight and "num" not in weight:  # BatchNorm's statistics
                assert torch.allclose(begin, end[weight], atol=1e-6), weight
    again = gan(tmp_path / "again", tmp_path / "file", steps=2)  # with an SRGAN's own weights
    assert len(again) == 1


def test_the_generators_scale_blocks_and_channels_come_with_its_weights(tmp_path):
    for about in (
        {"scale": 4, "blocks": 2, "channels": 3},
        {"scale": 2, "blocks": 1, "channels": 5},
    ):
        save_weights(tmp_path / "a.safetensors", SRResNet(**about), about | {"model": "srresnet"})
        model, found = pretrained_generator(tmp_path / "a.safetensors")
        assert found == about
        assert (model.scale, model.blocks, model.channels) == tuple(about.values())


def test_srgan_goes_on_to_the_same_bits_and_with_the_same_settings_only(gan, tmp_path, monkeypatch):
    gan(tmp_path / "whole")
    batch = Patches.batch

    def stop(self, step, rank=0, world=1):
        if step == 3:
            raise RuntimeError("pulled the plug")
        return batch(self, step, rank, world)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="pulled the plug"):
        patch.setattr(Patches, "batch", stop)
        gan(tmp_path / "cut")
    before = snapshot(tmp_path / "cut")
    for changed, message in (
        ({"weight": 0.01}, "weight 0.001, not 0.01"),
        ({"content": "relu1_2"}, "content 'relu1_1', not 'relu1_2'"),
        ({"seed": 1}, "seed 0, not 1"),
    ):
        with pytest.raises(CheckpointError, match=message):
            gan(tmp_path / "cut", resume=True, **changed)
    with pytest.raises(CheckpointError, match="already holds a training"):
        gan(tmp_path / "cut")
    assert snapshot(tmp_path / "cut") == before
    gan(tmp_path / "cut", resume=True)
    same_bits(*(load_state(tmp_path / name / "last.pt") for name in ("whole", "cut")))


def test_the_second_half_learns_at_a_tenth(gan, tmp_path):
    assert gan(tmp_path).column("learning_rate") == pytest.approx([1e-4, 1e-5])


def test_the_generators_statistics_stay_those_of_its_pretraining(gan, pretrained, tmp_path):
    gan(tmp_path / "run")
    before, after = (
        load_file(folder / "best.safetensors") for folder in (pretrained, tmp_path / "run")
    )
    running = [name for name in before if "running" in name]
    assert running and all(torch.equal(before[name], after[name]) for name in running)
    assert not torch.equal(before["tail.weight"], after["tail.weight"])


def test_normalised_content(gan, tmp_path):
    history = gan(tmp_path / "run", content="normalised")
    assert all(0 < value < 0.1 for value in history.column("content"))


def test_a_weight_of_zero_leaves_the_discriminator_without_a_say(gan, tmp_path):
    row = gan(tmp_path, steps=2, weight=0.0).rows[-1]
    assert row.loss == pytest.approx(row.terms["content"], rel=1e-6)


def test_init_that_is_no_srresnet(gan, pretrained, tmp_path):
    other = tmp_path / "srcnn.safetensors"
    save_weights(other, SRCNN(), {"model": "srcnn", "variant": "9-1-5", "scale": 2})
    (tmp_path / "text.safetensors").write_bytes(b"no weights")
    (tmp_path / "empty").mkdir()
    for init in (other, tmp_path / "text.safetensors", tmp_path / "empty", tmp_path / "none"):
        with pytest.raises(CheckpointError, match="holds no weights of SRResNet .* train one"):
            gan(tmp_path / "run", init)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes((pretrained / "best.safetensors").read_bytes()[:-4])
    with pytest.raises(CheckpointError, match="no whole weights"):
        gan(tmp_path / "run", cut)
    assert not (tmp_path / "run").exists()


def test_vgg_that_is_not_there(gan, tmp_path):
    with pytest.raises(WeightsUnavailable, match="cannot read VGG-19's weights from '.*none"):
        gan(tmp_path / "run", vgg=tmp_path / "none.safetensors")
    with pytest.raises(WeightsUnavailable, match=r"features\.12\.weight is missing"):
        gan(tmp_path / "run", content="relu5_4")
    with pytest.raises(ValueError, match="content must be a layer of VGG-19"):
        gan(tmp_path / "run", content="conv5_4")
    assert not (tmp_path / "run").exists()


# both


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"scale": 3}, "scale must be 2 or 4, not 3"),
        ({"loss": "rmse"}, "loss must be mse, l1, normalised, or a layer of VGG-19, .* not 'rmse'"),
        ({"loss": "l1", "mesh": 1.0}, "mesh and pixels go with a loss of features, and l1"),
        ({"loss": "mse", "pixels": 1.0}, "mesh and pixels go with a loss of features, and mse"),
        ({"pixels": np.nan}, "pixels must be 0 or more, not nan"),
        ({"mesh": -1.0}, "mesh must be 0 or more"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"precision": "fp16"}, "precision must be fp32 or bf16"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
    ],
)
def test_options_that_make_no_sense(wrong, message):
    with pytest.raises(ValueError, match=message):
        ResNetOptions(**RESNET | wrong)
    if "scale" not in wrong and "loss" not in wrong:
        with pytest.raises(ValueError, match=message):
            GANOptions(**GAN | wrong)


@pytest.mark.parametrize("weight", [-1.0, np.nan])
def test_weights_of_the_adversarial_loss_that_make_no_sense(weight):
    with pytest.raises(ValueError, match="weight must be 0 or more"):
        GANOptions(steps=1, weight=weight)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"blocks": 0}, "blocks and channels must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"interval": 0}, "interval must be at least 1"),
    ],
)
def test_options_that_the_network_or_the_loop_refuses(leaves, tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        resnet(leaves, tmp_path / "run", **wrong)
    assert not (tmp_path / "run").exists()


def test_images_that_are_all_too_small_or_damaged(tmp_path):
    (tmp_path / "small").mkdir()
    for number in range(3):
        write(tmp_path / "small" / f"{number}.png", dead_leaves(100, number)[:95])
    with pytest.raises(ImageError, match="no image in .*small has 96 pixels on each side"):
        resnet(tmp_path / "small", tmp_path / "run")
    (tmp_path / "small" / "1.png").write_bytes(b"\x89PNG")
    with pytest.raises(ImageError, match=r"cannot read .*1\.png"):
        resnet(tmp_path / "small", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_pairs_that_do_not_belong_together(leaves, tmp_path, monkeypatch):
    batch = Patches.batch

    def shuffled(self, *arguments):
        lr, hr = batch(self, *arguments)
        return lr, hr.roll(1, dims=0)

    monkeypatch.setattr(Patches, "batch", shuffled)
    with pytest.raises(TrainingError, match="do not belong together"):
        resnet(leaves, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def any_precision() -> Iterator[None]:
    """Accelerate fixes the precision once in a process: forget it before and after."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def test_bf16(leaves, gan, tmp_path, any_precision):
    resnet(leaves, tmp_path / "srresnet", precision="bf16", steps=2)
    history = gan(tmp_path / "srgan", precision="bf16", steps=2)
    assert np.isfinite([history.column(name)[0] for name in history.columns]).all()
    state = load_state(tmp_path / "srgan" / "last.pt")
    assert state["settings"]["precision"] == "bf16"
    kinds = {each.dtype for model in state["models"].values() for each in model.values()}
    assert kinds == {torch.float32, torch.int64}  # products are short, weights are not


# the commands


def test_the_commands(leaves, random_vgg, tmp_path, small_discriminator):
    words = ["train", "srresnet", "--scale", "2", "--data", leaves, "--steps", "2"]
    small = ["--blocks", "1", "--channels", "4", "--batch-size", "4", "--interval", "2"]
    resnet_run, gan_run = tmp_path / "srresnet", tmp_path / "srgan"
    code, said, _ = command(*words, *small, "--out", resnet_run)
    best = History.load(resnet_run / "history.csv").best
    assert code == 0 and said.startswith(f"Best: {best.psnr:.2f} dB at step 2, in ")
    words = ["train", "srgan", "--init", resnet_run, "--data", leaves, "--steps", "2"]
    small = ["--content", "relu1_1", "--batch-size", "2", "--interval", "2", "--out", gan_run]
    code, said, _ = command(*words, *small, "--vgg", random_vgg)
    last = History.load(gan_run / "history.csv").rows[-1]
    assert code == 0 and said.startswith(f"{last.psnr:.2f} dB after step 2, in ")
    code, _, said = command(*words, *small, "--vgg", random_vgg)
    assert code == 2 and "already holds a training" in said and "--resume" in said
    assert command(*words, *small, "--vgg", random_vgg, "--resume")[0] == 0
    code, _, said = command(*words, *small, "--vgg", "none.safetensors")
    assert code == 2 and "cannot read VGG-19's weights from 'none.safetensors'" in said


def command(*words: object) -> tuple[int, str, str]:
    return run(*map(str, words))
