"""srlib export: what is written, and what is said of it."""

import onnxruntime

from tests.helpers.command import run


def test_it_exports_and_says_how_close_it_is_and_what_to_type_next(tmp_path):
    out = tmp_path / "my net.onnx"
    code, said, _ = run("export", "srcnn", "--scale", 2, "--to", "onnx", "--out", out)
    assert code == 0 and said.startswith(f"Wrote {str(out)!r}: x2, 0.")
    assert " MB; at most " in said
    assert "from PyTorch, of values in [0, 1]" in said
    assert said.splitlines()[1] == f"Next: srlib upscale photo.jpg --scale 2 --method '{out}'"
    assert onnxruntime.InferenceSession(str(out)).get_outputs()[0].name == "sr"


def test_what_is_refused_in_one_line(tmp_path):
    for words, message in [
        (["srcnn", "--to", "onnx"], "srcnn has the scales 2, 3, 4: say which"),
        (["bicubic", "--to", "onnx", "--scale", 2], "bicubic is no network"),
        (["srgan", "--to", "onnx", "--scale", 2], "srgan is shipped for scale 4, not 2"),
        (["runs/none", "--to", "onnx"], "no method 'runs/none'"),
        (["srgan"], "to"),
    ]:
        code, _, said = run("export", *words)
        assert code == 2 and message in said and said.count("\n") == 1, said
