"""When a proof, which is about real numbers, is also about the net in single precision."""


def covers_float32(slack: float, float32_error: float) -> bool:
    """Whether a proof holds for the net as IEEE single precision computes it.

    Args:
        slack: The error of each number of the net state, in every step, that the proof allows.
        float32_error: A bound on the rounding error of a step.
    """
    return slack > float32_error
