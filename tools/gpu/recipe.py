"""With which settings the two networks are trained: those of the shipped weights, and tiny ones."""

from dataclasses import dataclass

SECONDS = 535.0  # of all, set-up included, on the GPU


@dataclass(frozen=True)
class Phase:
    """A part of SRResNet's training.

    Attributes:
        share: of the time that SRResNet has.
        patch: HR pixels, side of a training patch.
        loss: ``"l1"``, the mean absolute error; or ``"rmse"``, the mean over the patches of the
            root of their mean squared error, which comes nearer to what PSNR counts.
    """

    share: float
    patch: int
    loss: str


@dataclass(frozen=True)
class Recipe:
    """All settings that the command line does not ask for; the defaults are those of the run.

    Attributes:
        batch_size: patches a step.
        smaller: each image is learned from at these sizes too.
        average: decay of the moving average of the weights, which is what is validated and saved.
        phases: of SRResNet, one after the other; large patches come late, when detail is learned.
        learning_rate: the highest, of SRResNet.
        interval: steps of SRResNet between two validations.
        game_patch: HR pixels, side of a patch of SRGAN, which is what the judge looks at.
        game_learning_rate: of both networks, for half of the time.
        game_interval: steps of SRGAN between two validations.
        channels, dense: widths of the judge.
        pixels: weight of the mean absolute error beside the content.
        mesh: weight against repeating patterns beside the content.
        round: steps between two looks at the clock.
        reserve: seconds that are left for the last validation.
    """

    batch_size: int = 32
    smaller: tuple[float, ...] = (0.7, 0.5)
    average: float = 0.999
    phases: tuple[Phase, ...] = (
        Phase(0.45, 96, "l1"),
        Phase(0.40, 160, "l1"),
        Phase(0.15, 192, "rmse"),
    )
    learning_rate: float = 3e-3
    interval: int = 4000
    game_patch: int = 96
    game_learning_rate: float = 1e-4
    game_interval: int = 1000
    channels: int = 64
    dense: int = 1024
    pixels: float = 0.02
    mesh: float = 30.0
    round: int = 10
    reserve: float = 4.0

    @property
    def smallest(self) -> int:
        """The shorter side of an image, in pixels, that holds every patch."""
        return max(self.game_patch, *(phase.patch for phase in self.phases))


RUN = Recipe()

TRIAL = Recipe(  # on a processor: to see the programs at work, not to learn anything
    batch_size=2,
    phases=(Phase(0.45, 32, "l1"), Phase(0.40, 32, "l1"), Phase(0.15, 48, "rmse")),
    interval=10,
    game_patch=32,
    game_interval=5,
    channels=8,
    dense=32,
    round=1,
    reserve=0.0,
)
