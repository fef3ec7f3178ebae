"""The one kind of method: whatever it is made from, it enlarges every image, or says why not."""

import copy
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from srlib.benchmarking.compare import benchmark
from srlib.data.dead_leaves import dead_leaves
from srlib.data.photographs import photograph
from srlib.errors import ArgumentError, CheckpointError, Error, ImageError, MethodError
from srlib.images.resize import imresize
from srlib.images.values import rgb_to_luma, to_tensor, to_uint8
from srlib.images.writing import write
from srlib.networks import pretrained
from srlib.networks.srcnn import SRCNN
from srlib.networks.srgan import SRResNet
from srlib.networks.weights import digest_of, interpolate, load_network, save_weights
from srlib.training.recipes import train
from srlib.upscaling import fast
from srlib.upscaling import method as module
from srlib.upscaling.files import upscale_file
from srlib.upscaling.image import upscale
from srlib.upscaling.method import METHODS, SCALES, Method, load, names
from tests.helpers.leaves import leaves
from tests.helpers.photos import GREY, PHOTO

LR = imresize(photograph("chelsea").image, 1 / 8)[:30, :40]
SHIPPED = Path(str(files("srlib.networks") / "shipped"))
ALPHA = np.clip(GREY, 1, 255)  # nowhere fully transparent


def nearest(image: np.ndarray, scale: int) -> np.ndarray:
    """A function as someone may write it: for RGB only."""
    assert image.shape[2:] == (3,)
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


class Nearest(nn.Module):
    """A network of a kind that srlib does not know."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.gain = nn.Parameter(torch.tensor(0.5))

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        assert not self.training and lr.shape[1] == 3
        return lr.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3) * self.gain * 2


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> dict[str, Path]:
    """Trainings of two steps, x2."""
    folder = tmp_path_factory.mktemp("runs")
    data = folder / "data"
    data.mkdir()
    for seed in range(10):
        write(data / f"{seed}.png", dead_leaves(100, seed))
    options = {"scale": 2, "steps": 2, "batch_size": 2, "interval": 1, "progress": False}
    train("srcnn", data, folder / "srcnn", variant="9-1-5", **options)
    train("srresnet", data, folder / "srresnet", blocks=1, channels=8, **options)
    return {name: folder / name for name in ("srcnn", "srresnet")}


ENTRIES = {  # kind of entry -> what makes it of the runs
    "bicubic": lambda runs: "bicubic",
    "srcnn": lambda runs: "srcnn",
    "run of SRCNN": lambda runs: runs["srcnn"],
    "run of SRResNet": lambda runs: str(runs["srresnet"]),
    "file": lambda runs: runs["srresnet"] / "best.safetensors",
    "SRCNN": lambda runs: load_network(runs["srcnn"])[0],
    "SRResNet": lambda runs: load_network(runs["srresnet"])[0],
    "another module": lambda runs: Nearest(2),
    "function": lambda runs: nearest,
    "partial": lambda runs: partial(nearest),
    "module:function": lambda runs: f"{__name__}:nearest",
    "method": lambda runs: load("srcnn", 2),
}


# every kind of entry


@pytest.mark.parametrize("kind", ENTRIES)
def test_every_kind_enlarges_every_image(kind, runs):
    method = load(ENTRIES[kind](runs), 2)
    assert isinstance(method, Method) and method.scale == 2 and method.name and method.source
    for image in (PHOTO, GREY, GREY[..., None], np.dstack([PHOTO, ALPHA]), PHOTO[:1, :1]):
        before = image.copy()
        sr = method(image)
        assert sr.dtype == np.uint8 and np.array_equal(image, before)
        assert sr.shape == (2 * image.shape[0], 2 * image.shape[1], *image.shape[2:])
        assert np.array_equal(sr, method(image)), "not the same twice"
    colour, alpha = method(PHOTO), np.full((48, 64), 200, np.uint8)
    assert np.array_equal(method(np.dstack([PHOTO, alpha[::2, ::2]])), np.dstack([colour, alpha]))
    assert np.array_equal(method(GREY[..., None])[..., 0], method(GREY))


@pytest.mark.parametrize("kind", ENTRIES)
def test_upscale_files_and_benchmarks_take_the_same(kind, runs, tmp_path):
    entry, pairs = ENTRIES[kind](runs), leaves(1)
    expected = load(entry, 2)(pairs[0].lr)
    assert np.array_equal(upscale(pairs[0].lr, 2, entry), expected)
    source = write(tmp_path / "lr.png", pairs[0].lr)
    assert np.array_equal(upscale(source, 2, entry), expected)
    upscale_file(source, tmp_path / "sr.png", 2, entry)
    assert np.array_equal(upscale(tmp_path / "sr.png", 2), upscale(expected, 2))
    reports = [
        benchmark(methods, pairs, 2, repeats=0)
        for methods in ([entry], {"mine": entry}, {"mine": lambda lr, scale: expected})
    ]
    assert len({report.summary[0]["psnr"] for report in reports}) == 1
    assert [report.summary[0]["method"] for report in reports[:2]] == [load(entry, 2).name, "mine"]


@pytest.mark.parametrize("network", ["srcnn", "srresnet"])
def test_a_run_a_file_and_a_network_are_one_method(network, runs):
    loaded = load_network(runs[network])[0]
    entries = [runs[network], runs[network] / "best.safetensors", loaded, load(loaded, 2)]
    methods = [load(entry, 2) for entry in entries]
    expected = fast.enlarge(fast.fast(loaded, 2), PHOTO)
    for each in methods:
        assert np.array_equal(each(PHOTO), expected)
        assert each.digest == digest_of(loaded) and each.parameters == sum(
            weight.numel() for weight in loaded.parameters()
        )
    assert [each.entry for each in methods] == [*map(str, entries[:2]), None, None]
    assert methods[0].source == f"{network} from {runs[network]}"


@pytest.mark.parametrize("name, scale", [("srcnn", 2), ("srcnn", 3), ("srgan", 4)])
def test_a_file_works_as_the_shipped_weights_do(name, scale):
    shipped_one = load(name, scale, precision="fp32")
    file = load(SHIPPED / f"{name}_x{scale}.safetensors", scale)
    assert np.array_equal(file(LR), shipped_one(LR))
    assert file.digest == shipped_one.digest and file.parameters == shipped_one.parameters


@pytest.mark.parametrize("scale", SCALES)
def test_bicubic_is_imresize(scale):
    bicubic = load("bicubic", scale)
    assert np.array_equal(bicubic(PHOTO), imresize(PHOTO, scale)) and bicubic.parameters == 0


def test_a_function_is_shown_rgb_and_grey_stays_grey():
    seen = []

    def watching(image: np.ndarray, scale: int) -> np.ndarray:
        seen.append(image.copy())
        return nearest(image, scale)

    method = load(watching, 3)
    assert np.array_equal(method(GREY), nearest(np.dstack([GREY] * 3), 3)[..., 0])
    assert np.array_equal(method(PHOTO), nearest(PHOTO, 3))
    assert np.array_equal(seen[0], np.dstack([GREY] * 3)) and np.array_equal(seen[1], PHOTO)
    every = np.arange(256, dtype=np.uint8).reshape(8, 32)
    assert np.array_equal(method(every), nearest(np.dstack([every] * 3), 3)[..., 0])


def test_a_function_sees_the_whole_image():
    """Nobody knows how far it looks."""
    sizes = []

    def watching(image: np.ndarray, scale: int) -> np.ndarray:
        sizes.append(image.shape)
        return nearest(image, scale)

    load(watching, 2)(PHOTO, tile=5)
    assert sizes == [PHOTO.shape]


def test_a_module_that_srlib_does_not_know():
    network = Nearest(2)
    method = load(network, 2)
    assert np.array_equal(method(PHOTO), nearest(PHOTO, 2))
    assert method.parameters == 1 and method.digest == digest_of(network)
    assert network.training  # it stays as it was


def test_a_known_network_gives_what_it_would_as_an_unknown_one(runs):
    network = load_network(runs["srresnet"])[0]

    class Wrapped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, lr: torch.Tensor) -> torch.Tensor:
            return self.network(lr)

    fast_one, plain = (load(each, 2)(PHOTO).astype(int) for each in (network, Wrapped()))
    assert np.abs(fast_one - plain).max() <= 1  # BatchNorm is folded, so sums may round otherwise
    with torch.no_grad():
        expected = to_uint8(network(to_tensor(PHOTO)).clamp(0, 1))
    assert np.array_equal(plain, expected)


@pytest.mark.parametrize("make", [lambda: SRResNet(2, 1, 8), lambda: Nearest(2)])
def test_a_method_keeps_the_weights_as_they_were(make):
    torch.manual_seed(0)
    network = make()
    method = load(network, 2)
    before = method(PHOTO)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(0.5)
    assert np.array_equal(method(PHOTO), before)
    assert method.digest == digest_of(method.network) != digest_of(network)
    assert network.training


def test_grey_by_a_network_is_its_luma():
    sr = load("srresnet", 4)(LR[..., 1])
    colour = load("srresnet", 4)(np.dstack([LR[..., 1]] * 3))
    full = (rgb_to_luma(colour.astype(float)) - 16) * 255 / 219
    assert np.abs(sr - full).max() < 2


# names


@pytest.mark.parametrize("scale, count", [(2, 2), (3, 2), (4, 5)])
def test_names(scale, count):
    assert names(scale) == ["bicubic", "srcnn", "srresnet", "srresnet-vgg", "srgan"][:count]


def test_names_are_bicubic_and_what_is_shipped():
    assert METHODS == ("bicubic", *pretrained.SHIPPED)
    for scale in SCALES:
        shipped = [name for name, scales in pretrained.SHIPPED.items() if scale in scales]
        assert names(scale) == ["bicubic", *shipped]
        for name in METHODS:
            if name in names(scale):
                assert load(name, scale).scale == scale
            else:
                with pytest.raises(ArgumentError, match=f"{name} is shipped for scale"):
                    load(name, scale)


def test_a_name_for_tables(runs):
    for entry in ("srcnn", "bicubic", runs["srcnn"], nearest, Nearest(2), load("srcnn", 2)):
        named, plain = load(entry, 2, "mine"), load(entry, 2)
        assert named.name == "mine" != plain.name
        assert np.array_equal(named(PHOTO), plain(PHOTO)) and named.entry == plain.entry
    assert load("srcnn", 2).name == "srcnn" and load(runs["srcnn"], 2).name == str(runs["srcnn"])
    assert load(nearest, 2).name == "nearest" and load(Nearest(2), 2).name == "Nearest"


def test_shipped_networks_are_loaded_once():
    assert load("srcnn", 2) is load("srcnn", 2)
    assert load("srcnn", 2, "other").network is load("srcnn", 2).network


def test_a_function_in_the_current_folder(tmp_path):
    """As the command looks for it, in a process of its own, whose path holds no such folder."""
    (tmp_path / "homemade.py").write_text(
        "def twice(image, scale):\n    return image.repeat(scale, 0).repeat(scale, 1)\n"
    )
    code = (
        "import sys; sys.path = [each for each in sys.path if each]\n"
        "from srlib.upscaling.method import load\n"
        "import numpy as np\n"
        "method = load('homemade:twice', 2)\n"
        "print(method.entry, method(np.ones((1, 2, 3), np.uint8)).shape)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.stdout == "homemade:twice (2, 4, 3)\n", done.stderr


# strength


def test_strengths_are_mixed_weights():
    """0 is SRResNet to the last bit, 1 is SRGAN, between them every weight is mixed."""
    small, load_exact = LR[:12, :14], partial(load, precision="fp32")
    srresnet, srgan = (load_exact(name, 4) for name in ("srresnet", "srgan"))
    assert np.array_equal(load_exact("srgan", 4, strength=0)(small), srresnet(small))
    assert np.array_equal(load_exact("srgan", 4, strength=1)(small), srgan(small))
    found = load_exact("srgan", 4, strength=0.7)
    between = interpolate(pretrained.load("srresnet", 4), pretrained.load("srgan", 4), 0.7)
    assert found.digest == digest_of(between)
    assert np.array_equal(found(small), load(between, 4, precision="fp32")(small))
    assert not np.array_equal(found(small), srgan(small))
    assert found.parameters == srgan.parameters and found.margin == srgan.margin


def test_a_strength_as_a_word():
    by_word, by_argument = load("srgan@0.7", 4), load("srgan", 4, strength=0.7)
    assert by_word is by_argument
    assert by_word.name == by_word.entry == "srgan@0.7" and "0.3 of it SRResNet" in by_word.source
    assert load("srgan@0", 4).name == "srgan@0" and load("srgan@1.0", 4).name == "srgan"
    assert load(load("srgan@0.25", 4).entry, 4) is load("srgan@0.25", 4)  # in another process
    assert np.array_equal(upscale(LR, 4, "srgan@0.7"), by_word(LR))
    assert load("srgan@0.7", 4, "mine").name == "mine"


@pytest.mark.parametrize(
    "entry, options, says",
    [
        ("srresnet", {"strength": 0.5}, "goes with srgan, not with 'srresnet'"),
        ("srresnet-vgg", {"strength": 0.5}, "goes with srgan, not with 'srresnet-vgg'"),
        ("bicubic", {"strength": 0}, "goes with srgan, not with 'bicubic'"),
        ("runs/mine", {"strength": 0.5}, "goes with srgan, not with 'runs/mine'"),
        (SRResNet(4, 1, 8), {"strength": 1.0}, "goes with srgan, not with 'SRResNet'$"),
        (load("bicubic", 4), {"strength": 0.5}, "goes with srgan, not with 'Method'$"),
        (nearest, {"strength": 0.5}, "goes with srgan, not with 'function'$"),
        ("srgan", {"strength": 1.01}, "strength must be a number between 0 and 1, not 1.01"),
        ("srgan", {"strength": -0.1}, "strength must be a number between 0 and 1, not -0.1"),
        ("srgan", {"strength": float("nan")}, "between 0 and 1, not nan"),
        ("srgan", {"strength": "0.5"}, "between 0 and 1, not '0.5'"),
        ("srgan", {"strength": True}, "between 0 and 1, not True"),
        ("srgan@2", {}, "between 0 and 1, not 2.0"),
        ("srgan@-1", {}, "between 0 and 1, not -1.0"),
        ("srgan@x", {}, "no method 'srgan@x': a strength is a number, as in srgan@0.7"),
        ("srgan@", {}, "no method 'srgan@': a strength is a number"),
        ("srgan@0.5", {"strength": 0.5}, "'srgan@0.5' names a strength already: give one of the"),
        ("srresnet@0.5", {}, "no method 'srresnet@0.5': choose among"),
    ],
)
def test_what_is_no_strength(entry, options, says):
    with pytest.raises(ArgumentError, match=says):
        load(entry, 4, **options)


# precision


@pytest.fixture
def processor(monkeypatch) -> Callable[[bool], None]:
    """Play a processor that has bfloat16, or has not; methods are loaded anew."""

    def play(has_bfloat16: bool) -> None:
        monkeypatch.setattr(fast, "has_bfloat16", lambda: has_bfloat16)
        module._of_srlib.cache_clear()

    yield play
    module._of_srlib.cache_clear()


def cards(monkeypatch, **enough: bool) -> None:
    """Let cards say of networks whether bfloat16 is cheap; of the others it is not."""
    card = pretrained.card

    def told(name: str, scale: int) -> pretrained.Card:
        cost = -0.001 if enough.get(name) else -0.02
        return replace(card(name, scale), bfloat16={"Set5": 0.0, "ten photographs": cost})

    monkeypatch.setattr(pretrained, "card", told)


@pytest.mark.parametrize("name", pretrained.SHIPPED)
@pytest.mark.parametrize("has", [False, True])
def test_auto_is_bf16_where_it_is_fast_and_costs_little(name, has, processor):
    """By the cards as they are."""
    processor(has)
    for scale in pretrained.SHIPPED[name]:
        cheap = pretrained.card(name, scale).fast_enough
        assert load(name, scale).precision == ("bf16" if has and cheap else "fp32")
        for asked in ("fp32", "bf16"):
            assert load(name, scale, precision=asked).precision == asked


def test_auto_asks_the_card(processor, monkeypatch):
    processor(True)
    cards(monkeypatch, srresnet=True)
    assert load("srresnet", 4).precision == "bf16"
    assert load("srgan", 4).precision == "fp32"


@pytest.mark.parametrize(
    "cheap, expected",
    [(("srresnet",), "fp32"), (("srgan",), "fp32"), (("srresnet", "srgan"), "bf16")],
)
def test_between_two_networks_both_must_bear_it(cheap, expected, processor, monkeypatch):
    """Of the network between them nobody has measured the cost."""
    processor(True)
    cards(monkeypatch, **dict.fromkeys(cheap, True))
    assert load("srgan@0.5", 4).precision == expected
    assert load("srgan@0.5", 4, precision="bf16").precision == "bf16"


def test_other_networks_than_the_shipped_run_in_fp32(runs, processor):
    processor(True)
    for entry in (runs["srcnn"], runs["srresnet"], SRResNet(2, 1, 8), SRCNN("9-1-5")):
        assert load(entry, 2).precision == "fp32"
    for entry in (runs["srresnet"], load_network(runs["srcnn"])[0]):
        assert load(entry, 2, precision="bf16").precision == "bf16"


def test_what_is_no_network_of_ours_is_fp32(processor):
    """Bicubic, functions, modules of other kinds, and SRCNN that gives the image itself."""
    processor(True)
    for entry in ("bicubic", nearest, Nearest(2), SRCNN("9-1-5", residual=False)):
        exact, asked = (load(entry, 2, precision=each) for each in ("fp32", "bf16"))
        assert asked.precision == exact.precision == "fp32"
        assert np.array_equal(asked(PHOTO), exact(PHOTO))


def test_bf16_is_another_computation():
    for name, scale in (("srcnn", 2), ("srresnet", 4)):
        exact, quick = (load(name, scale, precision=each) for each in ("fp32", "bf16"))
        assert exact.digest == quick.digest
        apart = np.abs(exact(LR).astype(int) - quick(LR))
        assert 0 < apart.mean() < 1 and apart.max() < 16


def test_a_method_that_was_loaded_keeps_its_precision():
    method = load("srresnet", 4, precision="bf16")
    assert load(method, 4, precision="fp32") is method


@pytest.mark.parametrize("precision", ["fp16", "", None, "FP32", 32, ["fp32"]])
def test_no_precision(precision):
    for entry in ("bicubic", "srcnn", nearest, load("srcnn", 2)):
        with pytest.raises(ArgumentError, match="precision must be auto, fp32, bf16, not"):
            load(entry, 2, precision=precision)


@pytest.mark.parametrize("has", [False, True])
def test_benchmarks_are_in_fp32_whatever_the_processor(has, processor, monkeypatch, runs):
    processor(has)
    cards(monkeypatch, srcnn=True)
    assert load("srcnn", 2).precision == ("bf16" if has else "fp32")
    methods = {"srcnn": "srcnn", "run": runs["srcnn"], "network": load_network(runs["srcnn"])[0]}
    about = benchmark(methods, leaves(1), 2, repeats=0).about["methods"]
    assert [each["precision"] for each in about.values()] == ["fp32"] * 3
    kept = benchmark([load("srcnn", 2, precision="bf16")], leaves(1), 2, repeats=0)
    assert kept.about["methods"]["srcnn"]["precision"] == "bf16"


# what is refused


@pytest.mark.parametrize(
    "make, scale, both",
    [
        (lambda runs: runs["srcnn"], 3, "srcnn' enlarges by 2, not by 3"),
        (lambda runs: runs["srresnet"] / "best.safetensors", 4, "enlarges by 2, not by 4"),
        (lambda runs: "srgan", 2, "srgan is shipped for scale 4, not 2"),
        (lambda runs: "srresnet", 3, "srresnet is shipped for scale 4, not 3"),
        (lambda runs: "srresnet-vgg", 2, "srresnet-vgg is shipped for scale 4, not 2"),
        (lambda runs: "srgan@0.7", 3, "srgan is shipped for scale 4, not 3"),
        (lambda runs: Nearest(3), 2, "'Nearest' enlarges by 3, not by 2"),
        (lambda runs: SRResNet(4, 1, 8), 3, "'SRResNet' enlarges by 4, not by 3"),
        (lambda runs: load("srcnn", 2), 4, "'srcnn' enlarges by 2, not by 4"),
        (lambda runs: load(nearest, 2), 3, "'nearest' enlarges by 2, not by 3"),
    ],
)
def test_another_scale_is_refused(make, scale, both, runs):
    entry = make(runs)
    for call in (
        lambda: load(entry, scale),
        lambda: benchmark([entry], leaves(1, scale), scale),
    ):
        with pytest.raises(ArgumentError, match=both):
            call()


@pytest.mark.parametrize("scale", [0, 1, 5, 2.0, 2.5, True, "2", None, [2]])
def test_no_scale(scale):
    for entry in ("bicubic", "srcnn", nearest, Nearest(2), load("srcnn", 2)):
        with pytest.raises(ArgumentError, match="scale must be 2, 3 or 4, not"):
            load(entry, scale)


@pytest.mark.parametrize(
    "word, says",
    [
        (
            "magic",
            "no method 'magic': choose among bicubic, srcnn, srresnet, srresnet-vgg, srgan, or",
        ),
        ("no_module:f", "cannot import the method 'no_module:f': No module"),
        ("os:no_such", "cannot import the method 'os:no_such': module 'os' has no attribute"),
        ("os:sep", "the method 'os:sep' is no function: it is '/'"),
        (":f", "cannot import the method ':f'"),
        ("os:", "cannot import the method 'os:'"),
        (None, "no method 'None'"),
        ("", "no method ''"),
    ],
)
def test_no_method(word, says):
    with pytest.raises(Error, match=says):
        load(word, 2)


def test_other_files_are_no_method(tmp_path):
    (tmp_path / "text").write_text("hello")
    save_file({"x": torch.zeros(2)}, tmp_path / "other.safetensors")
    (tmp_path / "empty").mkdir()
    for name, says in (
        ("text", "holds no whole weights"),
        ("other.safetensors", "holds no network of srlib train"),
        ("empty", "cannot read the weights .*best.safetensors: No such file"),
    ):
        with pytest.raises(CheckpointError, match=says):
            load(tmp_path / name, 2)


def test_a_file_of_another_scale_by_its_header(tmp_path):
    about = {"model": "srcnn", "scale": 3, "variant": "9-1-5", "residual": True}
    save_weights(tmp_path / "w.safetensors", SRCNN("9-1-5", residual=True), about)
    assert load(tmp_path / "w.safetensors", 3).scale == 3
    with pytest.raises(ArgumentError, match="w.safetensors' enlarges by 3, not by 2"):
        load(tmp_path / "w.safetensors", 2)


@pytest.mark.parametrize("image", [PHOTO / 255, PHOTO[0, 0], PHOTO[None], PHOTO[:0], None])
def test_no_image(image):
    for entry in ("bicubic", "srcnn", nearest):
        with pytest.raises(ImageError):
            load(entry, 2)(image)


def test_sixteen_bits_are_for_bicubic(runs):
    deep = PHOTO.astype(np.uint16) * 257
    assert load("bicubic", 2)(deep).dtype == np.uint16
    assert np.array_equal(load("bicubic", 2, "mine")(deep), load("bicubic", 2)(deep))
    for entry in ("srcnn", runs["srcnn"], nearest, Nearest(2)):
        method = load(entry, 2)
        with pytest.raises(ImageError, match=f"{method.name} works with 8: convert"):
            method(deep)


# what goes wrong in a function of someone else's


def raises(error: Exception, image: np.ndarray, scale: int) -> np.ndarray:
    raise error


SIZE = "mine turned an image of 32x24, uint8, into"
ASKED = (
    "expected uint8 (72, 96, 3), 3 times as large, rounded and clipped to 0..255 as a file would be"
)
BAD = [
    (lambda image, scale: image, f"{SIZE} uint8 (24, 32, 3): {ASKED}"),
    (lambda image, scale: imresize(image, 3) / 255, f"{SIZE} float64 (72, 96, 3): {ASKED}"),
    (lambda image, scale: imresize(image, 3)[..., 0], f"{SIZE} uint8 (72, 96): {ASKED}"),
    (lambda image, scale: imresize(image, 2), f"{SIZE} uint8 (48, 64, 3): {ASKED}"),
    (lambda image, scale: None, f"{SIZE} NoneType: {ASKED}"),
    (lambda image, scale: [1], f"{SIZE} list: {ASKED}"),
    (
        lambda image, scale: image["x"],
        "mine failed on an image of 32x24: IndexError: only integers, slices",
    ),
    (lambda image: image, "mine failed on an image of 32x24: TypeError: "),
    (
        partial(raises, RuntimeError("two\n  lines")),
        "mine failed on an image of 32x24: RuntimeError: two lines",
    ),
    (partial(raises, ValueError()), "mine failed on an image of 32x24: ValueError"),
    (partial(raises, MemoryError()), "mine failed on an image of 32x24: MemoryError"),
    (
        lambda image, scale: imresize(image / 0.0, scale),
        "mine failed on an image of 32x24: ImageError: ",
    ),
    (nn.Conv2d(1, 1, 1), "mine failed on an image of 32x24: RuntimeError: "),
    (nn.Identity(), f"{SIZE} uint8 (24, 32, 3): {ASKED}"),
]


@pytest.mark.filterwarnings("ignore:.*divide|invalid")
@pytest.mark.parametrize("function, says", BAD)
def test_a_function_that_fails_is_named_in_one_line(function, says):
    method = load(function, 3, "mine")
    with pytest.raises(MethodError) as caught:
        method(PHOTO)
    said = str(caught.value)
    assert said.startswith(says) and "\n" not in said, said
    if "would be" in says or says[-1] not in " s":
        assert said == says
    if "failed" in said:
        assert caught.value.__cause__ is not None  # for whoever looks for the fault


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_stops_the_work_stops_it(stop):
    with pytest.raises(stop):
        load(partial(raises, stop()), 2)(PHOTO)


@pytest.mark.parametrize("entry", ["bicubic", "srcnn"])
def test_a_bug_of_ours_is_not_taken_for_a_fault_of_the_image(entry, monkeypatch):
    method = load(entry, 2)
    monkeypatch.setattr(module, "windows", lambda *how: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        method(PHOTO)
    monkeypatch.undo()
    broken = copy.copy(method)
    object.__setattr__(broken, "enlarge", lambda tile: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upscale(PHOTO, 2, broken)
