"""``make bench``: every measurement, one after another. ``python -m bench.resize`` runs one."""

from bench import resize, srcnn, srresnet, upscale

if __name__ == "__main__":
    resize.main()
    srcnn.main()
    srresnet.main()
    upscale.main()
