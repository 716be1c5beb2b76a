"""How JAX computes: flags of XLA, the precision of products, the cache of compiled programs.

`configure` comes before JAX computes anything. Importing this module does not import JAX.
"""

import importlib.metadata
import os
import sys
from pathlib import Path

from jaxdl import UserError
from jaxdl.names import unknown

# From this jaxlib on, XLA:CPU hands products and reductions to the library YNNPACK. With reductions
# among them some programs are wrong by many orders of magnitude, without a word. Products alone are
# right, and taking them away too would make nets of 100 units many times slower. An older jaxlib
# does not know the flag, and aborts.
FIRST_JAXLIB_WITH_YNNPACK = (0, 10, 1)
YNNPACK_FLAG = '--xla_cpu_experimental_ynn_fusion_type'
EXTRA_OPTIONS_FLAG = '--xla_backend_extra_options'
# A small loop becomes one kernel.
LOOP_KERNEL_OPTION = 'xla_cpu_small_while_loop_byte_threshold=1000000000'
# A kernel may have several results, so a step of a larger loop has half as many kernels. Together
# with the option above it would make small nets four times slower.
SEVERAL_RESULTS_OPTION = 'xla_cpu_use_multi_output_fusion=true'
# XLA uses half of the registers of a CPU that has AVX-512 unless it is told otherwise.
VECTOR_WIDTH_FLAG = '--xla_cpu_prefer_vector_width'
VECTOR_BITS = 512
PRECISIONS = ('highest', 'high', 'default')  # as in jax.lax.Precision


def configure(
    small_loops: bool = False, precision: str = 'highest', compilation_cache: bool = False
) -> None:
    """Sets up JAX so that its numbers can be trusted. Call it before JAX computes anything.

    Flags that the user has set in `XLA_FLAGS` stay as they are.

    Args:
        small_loops: Let XLA:CPU compile a small loop into one kernel. A net of five units trains
            nearly twice as fast, and even faster at batch size 1. Compilation takes about a second
            longer. Without it, XLA:CPU compiles for larger nets, which gains 5 to 10 %. It has no
            effect if JAX has started already.
        precision: Of products, see `use_precision`.
        compilation_cache: Keep compiled programs in a folder, that of JAX's own setting or else
            `~/.cache/jaxdl`.

    Raises:
        UserError: JAX has started already, without a flag that its numbers depend on.
    """
    _set_xla_flags(small_loops)
    use_precision(precision)
    if compilation_cache:
        _use_compilation_cache()


def use_precision(precision: str) -> None:
    """Sets the precision of matrix products and convolutions of float32 arrays.

    It counts for what is traced from now on. A CPU computes in float32 at any precision.

    Args:
        precision: 'highest' for float32. 'high' is TF32 on a GPU and three products in bfloat16 on
            a TPU. 'default' is TF32 on a GPU and bfloat16 on a TPU.

    Raises:
        UserError: There is no such precision.
    """
    if precision not in PRECISIONS:
        raise unknown(f'the precision {precision!r}', precision, PRECISIONS)
    import jax

    jax.config.update('jax_default_matmul_precision', precision)


def knows_ynnpack() -> bool:
    """Whether the installed jaxlib knows YNNPACK_FLAG. Another one would abort."""
    # '0.10.2', or '0.12.0.1' with more than three numbers.
    parts = importlib.metadata.version('jaxlib').split('.')
    return tuple(int(part) for part in parts[:3]) >= FIRST_JAXLIB_WITH_YNNPACK


def _set_xla_flags(small_loops):
    """Adds flags to `XLA_FLAGS`, which XLA reads when JAX first uses a device."""
    xla_flags = os.environ.get('XLA_FLAGS', '')
    added = []
    if knows_ynnpack() and YNNPACK_FLAG not in xla_flags:
        added.append(f'{YNNPACK_FLAG}=-reduce')
    if _jax_has_started():
        if added:
            raise UserError(
                'JAX has started without a flag that its numbers depend on; call '
                'jaxdl.backend.configure() before JAX computes anything, or set '
                f'XLA_FLAGS={added[0]}'
            )
        return
    if EXTRA_OPTIONS_FLAG not in xla_flags:
        option = LOOP_KERNEL_OPTION if small_loops else SEVERAL_RESULTS_OPTION
        added.append(f'{EXTRA_OPTIONS_FLAG}={option}')
    if VECTOR_WIDTH_FLAG not in xla_flags:
        added.append(f'{VECTOR_WIDTH_FLAG}={VECTOR_BITS}')
    os.environ['XLA_FLAGS'] = ' '.join([xla_flags, *added]).strip()


def _jax_has_started():
    """Whether JAX has made its devices, for which XLA has read its flags."""
    if 'jax' not in sys.modules:
        return False
    import jax

    # JAX has no function that tells, but it refuses to change this setting then.
    devices = jax.config.jax_num_cpu_devices
    try:
        jax.config.update('jax_num_cpu_devices', devices + 1)
    except RuntimeError:
        return True
    jax.config.update('jax_num_cpu_devices', devices)
    return False


def _use_compilation_cache():
    import jax

    if not jax.config.jax_compilation_cache_dir:
        user_cache = Path(os.environ.get('XDG_CACHE_HOME', Path.home() / '.cache'))
        jax.config.update('jax_compilation_cache_dir', str(user_cache / 'jaxdl'))
    # By default JAX keeps only programs that take a second to compile. Ours are many small ones.
    jax.config.update('jax_persistent_cache_min_compile_time_secs', 0.0)
    jax.config.update('jax_persistent_cache_min_entry_size_bytes', -1)
