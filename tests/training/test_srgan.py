"""The recipe of SRGAN: from a trained SRResNet to weights; what it refuses."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from srlib.errors import CheckpointError, WeightsUnavailable
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import load_weights, save_weights
from srlib.training.checkpoint import load_state
from srlib.training.options import SRGANOptions
from srlib.training.srgan import pretrained_generator, train_srgan
from tests.helpers.trainings import FILES, GAN, files, same_bits, snapshot, unplugged


def test_srgan_with_the_papers_discriminator(leaves, srresnet_run, random_vgg, tmp_path):
    options = SRGANOptions(**GAN | {"steps": 2, "content": "relu2_2", "vgg": random_vgg})
    history = train_srgan([leaves], tmp_path / "run", options, init=srresnet_run, progress=False)
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


def test_srgan_begins_with_the_folder_or_the_file(gan, srresnet_run, tmp_path):
    best = srresnet_run / "best.safetensors"
    for name, init in (("folder", srresnet_run), ("file", best)):
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
        model = pretrained_generator(tmp_path / "a.safetensors")
        assert (model.scale, model.blocks, model.channels) == tuple(about.values())
        assert model.training


def test_srgan_goes_on_to_the_same_bits_and_with_the_same_settings_only(gan, tmp_path, monkeypatch):
    gan(tmp_path / "whole")
    with unplugged(monkeypatch):
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


def test_the_generators_statistics_stay_those_of_its_pretraining(gan, srresnet_run, tmp_path):
    gan(tmp_path / "run")
    before, after = (
        load_file(folder / "best.safetensors") for folder in (srresnet_run, tmp_path / "run")
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


def test_init_that_is_no_srresnet(gan, srresnet_run, tmp_path):
    other = {"model": "srcnn", "variant": "9-1-5", "residual": True, "scale": 2}
    save_weights(tmp_path / "srcnn.safetensors", SRCNN("9-1-5", residual=True), other)
    (tmp_path / "text.safetensors").write_bytes(b"no weights")
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("srcnn.safetensors", "holds weights of srcnn, not of SRResNet: train one first"),
        ("text.safetensors", "text.safetensors holds no whole weights"),
        ("empty", "cannot read the weights .*empty/best.safetensors: No such file"),
        ("none", "cannot read the weights .*none: No such file"),
    ):
        with pytest.raises(CheckpointError, match=message):
            gan(tmp_path / "run", tmp_path / name)
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes((srresnet_run / "best.safetensors").read_bytes()[:-4])
    with pytest.raises(CheckpointError, match="no whole weights"):
        gan(tmp_path / "run", cut)
    assert not (tmp_path / "run").exists()


def test_vgg_that_is_not_there(gan, tmp_path):
    with pytest.raises(WeightsUnavailable, match="cannot read VGG-19's weights from '.*none"):
        gan(tmp_path / "run", vgg=tmp_path / "none.safetensors")
    with pytest.raises(WeightsUnavailable, match=r"features\.12\.weight is missing"):
        gan(tmp_path / "run", content="relu5_4")
    with pytest.raises(ValueError, match="content must be normalised, or a layer of VGG-19"):
        gan(tmp_path / "run", content="conv5_4")
    assert not (tmp_path / "run").exists()


def test_bf16(gan, tmp_path, any_precision):
    history = gan(tmp_path / "srgan", precision="bf16", steps=2)
    assert np.isfinite([history.column(name)[0] for name in history.columns]).all()
    state = load_state(tmp_path / "srgan" / "last.pt")
    assert state["settings"]["precision"] == "bf16"
    kinds = {each.dtype for model in state["models"].values() for each in model.values()}
    assert kinds == {torch.float32, torch.int64}  # products are short, weights are not
