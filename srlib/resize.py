"""MATLAB's ``imresize``, on both of its paths (baseline; being replaced)."""

import numpy as np


def keys(x, a=-0.5):
    x = np.abs(x)
    near = (a + 2) * x**3 - (a + 3) * x**2 + 1
    far = a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return near * (x <= 1) + far * ((x > 1) & (x <= 2))


def _weights(n, m, scale, border):
    shrink = min(scale, 1.0)
    width = 4 / shrink
    u = np.arange(1, m + 1) / scale + 0.5 * (1 - 1 / scale)
    left = np.floor(u - width / 2)
    idx = left[:, None] + np.arange(int(np.ceil(width)) + 2)
    w = shrink * keys(shrink * (u[:, None] - idx))
    w /= w.sum(1, keepdims=True)
    idx = idx.astype(int) - 1
    if border == "replicate":
        idx = idx.clip(0, n - 1)
    else:
        idx = idx % (2 * n)
        idx = np.where(idx < n, idx, 2 * n - 1 - idx)
    W = np.zeros((m, n))
    np.add.at(W, (np.arange(m)[:, None], idx), w)
    return W


def imresize(image, scale):
    h, w = image.shape[:2]
    border = "replicate" if image.dtype == np.uint8 else "symmetric"
    H, W = (int(np.ceil(s * scale - 1e-9)) for s in (h, w))
    out = np.tensordot(_weights(h, H, scale, border), image.astype(float), (1, 0))
    if image.dtype == np.uint8:
        out = np.floor(out + 0.5).clip(0, 255)
    out = np.moveaxis(np.tensordot(_weights(w, W, scale, border), out, (1, 1)), 0, 1)
    if image.dtype == np.uint8:
        out = np.floor(out + 0.5).clip(0, 255).astype(np.uint8)
    return out
