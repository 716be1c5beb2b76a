"""Both checkers on the same certificate: they must agree."""

from unittest import mock

from jaxdl.verify import certificate, check, second_check

# The first one bounds its work. The second one has no number finer than its unit.
FIRST_LIMITS = ('in reasonable time',)
SECOND_LIMITS = ('no multiple of 2**-256', 'too fine for units of 2**-256')
MORE_BITS = 1200  # enough for 1e300 + 1


def first_outcome(text):
    """The CheckResult, and None or why there is none."""
    try:
        return check.check(certificate.parse_text(text)), None
    except certificate.Refused as refusal:
        return None, str(refusal)


def second_outcome(text):
    """The statement, and None or why there is none."""
    try:
        return second_check.check_text(text), None
    except second_check.Refused as refusal:
        return None, str(refusal)


def agreed_refusal(text):
    """Why the first checker refuses a certificate, or None; the second one must agree.

    Where one of them refuses because of its limits, they may differ. Among the limits of the first
    one is its precision, if weights are huge: then it must accept with more bits.
    """
    _, first_refusal = first_outcome(text)
    _, second_refusal = second_outcome(text)
    if (first_refusal is None) == (second_refusal is None):
        return first_refusal
    if second_refusal is not None:
        assert second_refusal.endswith(SECOND_LIMITS), second_refusal
    elif not first_refusal.endswith(FIRST_LIMITS):
        with mock.patch.object(check, 'PRECISION', MORE_BITS):
            _, refusal_with_more_bits = first_outcome(text)
        assert refusal_with_more_bits is None
    return first_refusal
