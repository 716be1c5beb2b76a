"""What every command shares: flags, --help in one line each, and users' errors as one line and exit code 2."""

import os
import signal
import sys
import threading
from pathlib import Path

from absl import flags

from jaxdl import UserError

DEFINE = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}
CACHE_FLAG = {
    'compilation_cache': (
        True,
        'keep compiled programs in the user cache folder, for faster starts',
    )
}
ASKED_TO_STOP = threading.Event()  # set by Ctrl-C and SIGTERM; a training loop ends its epoch first


def parse(argv, fields):
    """The flags given in argv, {name: value}. fields: {name: (default, help)}, whose defaults have the flag's type.

    Raises UserError for an unknown flag, a bad value or a stray word.
    """
    values = flags.FlagValues()
    for name, (default, help) in fields.items():
        DEFINE[type(default)](name, None, help, flag_values=values)
    try:
        rest = values(['--help' if word == '-h' else word for word in argv])[1:]
    except flags.Error as error:
        raise UserError(f'{error}; --help lists the flags'.replace('\n', ' ')) from None
    if rest:
        raise UserError(
            f'{rest[0]!r} is not a flag; flags are written --name=value, --help lists them'
        )
    return {name: values[name].value for name in fields if values[name].present}


def settings(argv, fields):
    """Every flag of fields, {name: value}, as given in argv or by default; exits after --help is shown."""
    given = {name: default for name, (default, _) in fields.items()} | parse(argv, fields)
    if given['help']:
        print(help_text(fields))
        sys.exit(0)
    return given


def help_text(fields):
    """One line for each flag of fields: {name: (default, help)}."""
    lines = ['Flags and their defaults (where that is true or false, --NAME and --noNAME do too):']
    for name, (default, help) in fields.items():
        shown = str(default).lower() if isinstance(default, bool) else default
        lines.append(f'  {f"--{name}={shown}":32s} {help}')
    return '\n'.join(lines)


def use_compilation_cache(wanted):
    """Keeps compiled programs in the user's cache folder, if that is wanted."""
    if not wanted:
        return
    import jax

    if not jax.config.jax_compilation_cache_dir:
        cache = os.environ.get('XDG_CACHE_HOME', Path.home() / '.cache')
        jax.config.update('jax_compilation_cache_dir', str(Path(cache) / 'jaxdl'))
    jax.config.update('jax_persistent_cache_min_compile_time_secs', 0.0)
    jax.config.update('jax_persistent_cache_min_entry_size_bytes', -1)


def use_loop_kernels():
    """XLA:CPU makes one kernel of a small loop: nearly twice as fast for five units, and more at batch 1, for a second more of compilation."""
    given = os.environ.get('XLA_FLAGS', '')
    if 'xla_backend_extra_options' not in given:
        os.environ['XLA_FLAGS'] = (
            f'{given} --xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=1000000000'.strip()
        )


def command(main, argv=None, stopped='stopped', memory='not enough memory'):
    """Runs main(argv) as a command and exits: 0, 2 after a user's error, 130 when it was stopped.

    stopped, memory: what to say then, and when memory does not suffice.
    """
    ASKED_TO_STOP.clear()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _interrupt)
    sys.stdout.reconfigure(errors='replace')
    try:
        sys.exit(main(argv or sys.argv))
    except (
        UserError,
        OSError,
    ) as error:  # an OSError says itself which file and why: no space left, permission denied
        sys.exit(_fail(f'error: {error}', 2))
    except RuntimeError as error:
        if 'RESOURCE_EXHAUSTED' not in str(error):
            raise
        sys.exit(_fail(f'error: {memory}', 2))
    except KeyboardInterrupt:
        sys.exit(_fail(stopped, 130))


def _interrupt(signum, frame):
    ASKED_TO_STOP.set()  # the exception alone is lost where it meets a callback of C code
    raise KeyboardInterrupt


def _fail(line, code):
    print(line, file=sys.stderr)
    return code
