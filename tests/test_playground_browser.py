"""The playground in a real Chromium, at the width of a phone and of a desk."""

import shutil

import pytest

from experiments import playground
from experiments.core.command import run_command
from jaxdl.verify import certificate
from jaxdl.verify.automaton import ADDER
from jaxdl.verify.check import check

pytestmark = pytest.mark.browser
sync_api = pytest.importorskip('playwright.sync_api')
# Strokes on the canvas, in shares of its sides.
ONE = [(0.5, 0.15), (0.5, 0.85)]
SEVEN = [(0.28, 0.2), (0.72, 0.2), (0.45, 0.85)]


@pytest.fixture(scope='module')
def browser():
    # A Chromium of the system, or else the one that playwright has installed.
    system = shutil.which('chromium') or shutil.which('chromium-browser')
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=system, args=['--no-sandbox'])
        yield browser
        browser.close()


@pytest.fixture(scope='module')
def page_file(tmp_path_factory):
    file = tmp_path_factory.mktemp('page') / 'playground.html'
    with pytest.raises(SystemExit) as stopped:
        run_command(playground.main, ['playground', f'--out={file}'])
    assert not stopped.value.code
    return file


@pytest.fixture(params=[390, 1400])
def page(request, browser, page_file):
    """The open page, whose console must stay silent and whose width must fit."""
    page = browser.new_page(viewport={'width': request.param, 'height': 900})
    messages = []
    page.on('console', lambda message: messages.append(message.text))
    page.on('pageerror', lambda error: messages.append(str(error)))
    page.goto(page_file.as_uri())
    yield page
    assert messages == []
    assert page.evaluate('document.documentElement.scrollWidth') == request.param
    page.close()


def test_two_numbers_are_added(page):
    page.fill('#first-number', '99999999999999999999')
    page.fill('#second-number', '1')
    page.click('#add-at-once')
    answer = '99999999999999999999 + 1 = 100000000000000000000, answered 100000000000000000000'
    assert page.inner_text('#adding-answer') == f'{answer}: right.'
    page.fill('#second-number', 'one')
    assert 'Type two whole numbers' in page.inner_text('#adding-answer')


def test_the_proved_net_cannot_be_broken_and_the_falsified_one_has_its_counterexample(page):
    for button in ('carry', 'ones', 'constant', 'random'):
        page.click(f'#break-{button}')
        assert 'bits of the sum are right' in page.inner_text('#break-verdict')
    assert page.is_hidden('#break-known')
    with page.expect_download() as download:
        page.click('#certificate-link')
    claim = certificate.read(download.value.path())
    assert check(claim).covers_float32
    assert claim.automaton == ADDER
    page.select_option('#adder-net', '1')
    page.click('#break-known')
    assert '1 of ' in page.inner_text('#break-verdict')
    assert 'wrong' in page.inner_text('#adding-answer')


def test_a_sum_can_be_played_step_by_step_from_the_keyboard(page):
    page.focus('#add-one-step')
    page.keyboard.press('Enter')
    assert page.inner_text('#adding-answer').startswith('1 of ')
    page.focus('#add-slowly')
    page.keyboard.press('Enter')
    page.wait_for_function("document.querySelector('#adding-answer').innerText.includes('right')")
    assert page.inner_text('#add-slowly') == 'Play'


def test_digits_are_recalled(page):
    page.fill('#recall-digits', '27182818284590')
    assert page.inner_text('#recall-verdict') == 'After 14 digits it answers 1: right.'
    page.fill('#recall-digits', '2')
    assert page.inner_text('#recall-verdict') == 'Type at least 3 digits.'


@pytest.mark.parametrize('strokes, digit', [(ONE, 1), (SEVEN, 7)])
def test_a_drawn_digit_is_read_by_both_nets(page, strokes, digit):
    draw(page, strokes)
    for answer in ('#reading-row-answer', '#reading-cnn-answer'):
        expect(page, answer, f'{digit}, ')
    expect(page, '#reading-covers-count', 'of 121 covers')
    assert page.locator('#reading-maps canvas').count() == 4
    seen = picture_of(page, '#reading-seen')
    page.check('input[value=shrunk]')
    expect(page, '#reading-form-caption', 'The whole drawing, made smaller')
    assert picture_of(page, '#reading-seen') != seen
    page.click('#drawing-clear')
    expect(page, '#reading-row-answer', 'Draw a digit')


def expect(page, selector, text):
    """Waits until an element has a text, as the page computes between two frames."""
    sync_api.expect(page.locator(selector)).to_contain_text(text, timeout=30_000)


def picture_of(page, selector):
    """What a canvas shows."""
    return page.eval_on_selector(selector, 'canvas => canvas.toDataURL()')


def draw(page, strokes):
    """Draws a line through points, in shares of the canvas' sides."""
    canvas = page.locator('#drawing')
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    points = []
    for x, y in strokes:
        points.append((box['x'] + x * box['width'], box['y'] + y * box['height']))
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=15)
    page.mouse.up()


def test_a_digit_can_be_drawn_from_the_keyboard_or_taken(page):
    page.focus('#drawing')
    page.keyboard.press('Space')
    for _ in range(12):
        page.keyboard.press('ArrowDown')
    expect(page, '#reading-cnn-answer', 'It reads a')
    samples = page.locator('#reading-samples button')
    assert samples.count() == 10
    for digit in range(10):
        samples.nth(digit).click()
        expect(page, '#reading-row-answer', f' {digit}, ')


def test_every_control_has_a_name(page):
    names = page.evaluate("""
        Array.from(document.querySelectorAll('button, input, select, canvas, svg'), (control) =>
          control.getAttribute('aria-label') || control.labels?.[0]?.innerText || control.innerText)
    """)
    assert len(names) > 20
    assert all(name and name.strip() for name in names)
