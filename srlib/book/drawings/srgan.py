"""Chapter 5: SRGAN's networks, a step of its game, the kernels of a sub-pixel convolution."""

from srlib.book.drawings.strokes import FIRST, INK, SECOND, Drawings, arrow, box, plus, text


def _generator() -> list[str]:
    down = [(130, 26, 40), (130, 83, 97), (130, 178, 206), (130, 251, 264)]
    down += [(130, 282, 296), (130, 339, 353), (130, 396, 410), (130, 453, 464)]
    sizes = {60: "64 × h × w", 180: "", 318: "64 × 2h × 2w", 375: "64 × 4h × 4w"}
    return [
        text(130, 20, "small image, 3 × h × w"),
        box(40, 40, 180, ["convolution 9 × 9", "PReLU"]),
        box(40, 97, 180, ["residual block 1", "residual block 2", "⋮", "residual block 16"]),
        box(40, 208, 180, ["convolution 3 × 3", "BatchNorm"]),
        plus(130, 273),
        arrow([(130, 90), (22, 90), (22, 273), (121, 273)]),
        box(40, 296, 180, ["sub-pixel × 2", "PReLU"]),
        box(40, 353, 180, ["sub-pixel × 2", "PReLU"]),
        box(40, 410, 180, ["convolution 9 × 9", "to RGB"]),
        text(130, 480, "large image, 3 × 4h × 4w"),
        *(arrow([(x, top), (x, bottom)]) for x, top, bottom in down),
        *(text(228, y + 7, said, "start") for y, said in sizes.items() if said),
        text(318, 104, "a residual block:"),
        arrow([(318, 112), (318, 128)]),
        box(258, 128, 120, ["conv 3 × 3", "BatchNorm", "PReLU", "conv 3 × 3", "BatchNorm"]),
        arrow([(318, 120), (390, 120), (390, 249), (327, 249)]),
        arrow([(318, 222), (318, 240)]),
        plus(318, 249),
        arrow([(318, 258), (318, 276)]),
    ]


def _discriminator() -> list[str]:
    rows = [(96, 64, "3 × 3"), (48, 64, "stride 2"), (48, 128, "3 × 3"), (24, 128, "stride 2")]
    rows += [(24, 256, "3 × 3"), (12, 256, "stride 2"), (12, 512, "3 × 3"), (6, 512, "stride 2")]
    parts = [
        text(95, 20, "side of the features"),
        text(300, 20, "convolution, channels"),
        _bar(30, 96, "image, RGB"),
    ]
    for index, (side, channels, kind) in enumerate(rows, start=1):
        norm = "" if index == 1 else ", BatchNorm"
        parts.append(_bar(30 + 27 * index, side, f"{kind}, {channels}{norm}"))
    parts += [
        arrow([(95, 270), (95, 288)]),
        box(15, 288, 160, ["dense, 1024"]),
        arrow([(95, 314), (95, 330)]),
        box(15, 330, 160, ["dense, 1: the logit ℓ"]),
        arrow([(95, 356), (95, 372)]),
        text(95, 388, "D = σ(ℓ)"),
    ]
    return parts


def _bar(y: float, side: int, said: str) -> str:
    width = side * 1.6
    rect = (
        f'<rect x="{95 - width / 2}" y="{y}" width="{width}" height="20" fill="{FIRST}" '
        f'fill-opacity="0.25" stroke="{INK}"/>'
    )
    return rect + text(95, y + 15, str(side)) + text(190, y + 15, said, "start")


def _game() -> list[str]:
    def turn(top: float, title: str) -> list[str]:
        return [
            text(8, top, title, "start"),
            text(25, top + 47, "LR"),
            arrow([(38, top + 43), (60, top + 43)]),
            box(60, top + 30, 76, ["generator"]),
            arrow([(136, top + 43), (160, top + 43)]),
            text(175, top + 47, "SR"),
            arrow([(190, top + 43), (226, top + 43)]),
            box(226, top + 30, 98, ["discriminator"]),
        ]

    return [
        *turn(18, "1. The discriminator's turn"),
        text(175, 122, "HR"),
        arrow([(190, 117), (252, 117), (252, 76)]),
        arrow([(324, 61), (346, 61), (346, 98)]),
        box(272, 100, 124, ["−log D(HR)", "−log(1 − D(SR))"], FIRST),
        arrow([(372, 98), (372, 30), (276, 30), (276, 46)], FIRST, dashed=True),
        text(208, 55, "✕"),
        text(208, 88, "detach"),
        *turn(188, "2. The generator's turn"),
        arrow([(324, 231), (346, 231), (346, 268)]),
        box(290, 270, 106, ["−log D(SR)", "times 0.001"], SECOND),
        text(175, 322, "HR"),
        arrow([(175, 239), (175, 268)]),
        arrow([(175, 308), (175, 298)]),
        box(118, 270, 114, ["content"], SECOND),
        arrow([(372, 268), (372, 202), (290, 202), (290, 216)], SECOND, dashed=True),
        arrow([(258, 218), (258, 208), (100, 208), (100, 216)], SECOND, dashed=True),
        arrow([(118, 283), (84, 283), (84, 246)], SECOND, dashed=True),
        text(200, 350, "solid: computed forward; dashed: gradients"),
    ]


def _kernels() -> list[str]:
    cell, left = 40, 80
    parts = [text(200, 18, "the kernel of 6 that a small pixel lays down")]
    for index in range(6):
        parts.append(_cell(left + cell * index, 28, cell, str(index), index % 2))
    for parity, (start, name) in enumerate(
        ((20, "even pixels, a = 0"), (240, "odd pixels, a = 1"))
    ):
        for place, entry in enumerate((4, 2, 0)):
            across = start + cell * place
            parts.append(_cell(across, 130, cell, str(entry + parity), parity))
            home = left + cell * (entry + parity) + cell / 2
            parts.append(_thread(home, 68, across + cell / 2, 130, parity))
        parts.append(text(start + 1.5 * cell, 190, name))
    parts.append(text(200, 214, "two kernels of 3, one for each sub-pixel"))
    return parts


def _cell(x: float, y: float, side: float, said: str, parity: int) -> str:
    colour = (FIRST, SECOND)[parity]
    rect = (
        f'<rect x="{x}" y="{y}" width="{side}" height="{side}" fill="{colour}" '
        f'fill-opacity="{(0.45, 0.15)[parity]}" stroke="{INK}"/>'
    )
    return rect + text(x + side / 2, y + side / 2 + 5, said)


def _thread(x1: float, y1: float, x2: float, y2: float, parity: int) -> str:
    dashes = ' stroke-dasharray="4 3"' if parity else ""
    colour = (FIRST, SECOND)[parity]
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{dashes}/>'


DRAWINGS: Drawings = {
    "generator": (
        "From top to bottom: the small image, a convolution of 9 by 9, sixteen residual blocks, a "
        "convolution with BatchNorm, the sum with what entered the blocks, two sub-pixel "
        "convolutions that double the size, a convolution of 9 by 9 to RGB. A residual block adds "
        "to its input what two convolutions with BatchNorm, a PReLU between them, make of it.",
        490,
        _generator,
    ),
    "discriminator": (
        "Bars that shrink from the top: features of side 96, 48, 48, 24, 24, 12, 12 and 6 with 64 "
        "to 512 channels, every second convolution with stride 2; then two dense layers, the logit "
        "and the probability D.",
        398,
        _discriminator,
    ),
    "game": (
        "Two turns. In the discriminator's turn, the small image LR passes the generator and "
        "becomes SR; SR and the truth HR pass the discriminator to its loss, whose gradient flows "
        "back to the discriminator and is stopped before the generator. In the generator's turn, "
        "the gradient of minus log D of SR flows through the discriminator to the generator, where "
        "that of the content loss, between SR and HR, arrives too.",
        362,
        _game,
    ),
    "kernels": (
        "Six cells, numbered 0 to 5. Cells 4, 2 and 0 make up the kernel of three for even pixels, "
        "cells 5, 3 and 1 that for odd pixels.",
        224,
        _kernels,
    ),
}
