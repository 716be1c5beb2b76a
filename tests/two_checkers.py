"""Both checkers on the same certificate: they must agree."""

from jaxdl.verify import certificate, check, second_check

# The first one bounds its work. The second one has no number finer than its unit.
FIRST_LIMITS = ('in reasonable time',)
SECOND_LIMITS = ('no multiple of 2**-256', 'too fine for units of 2**-256')


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


def ends_with_one_of(text, endings):
    return text is not None and text.endswith(endings)


def agreed_refusal(text):
    """Why the first checker refuses a certificate, or None; the second one must agree.

    Where one of them refuses because of its limits, they may differ.
    """
    _, first_refusal = first_outcome(text)
    _, second_refusal = second_outcome(text)
    if ends_with_one_of(first_refusal, FIRST_LIMITS):
        return first_refusal
    if not ends_with_one_of(second_refusal, SECOND_LIMITS):
        accepted = (first_refusal is None, second_refusal is None)
        assert accepted in ((True, True), (False, False)), f'{first_refusal}; {second_refusal}'
    return first_refusal
