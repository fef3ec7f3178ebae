"""``make bench``: every measurement, one after another. ``python -m bench.resize`` runs one."""

from bench import cost, resize, srcnn, srresnet, upscale

if __name__ == "__main__":
    resize.main()
    srcnn.main()
    srresnet.main()
    cost.main()
    upscale.main()
