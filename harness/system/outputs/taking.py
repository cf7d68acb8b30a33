"""What a trial left, read with no more than it takes: most print a few lines, undeclared."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import Output, OutputSpec, OutputValue
from harness.system.outputs.texts import text_or_bytes

_SHORT_BYTES = 1 << 20


def take_outputs(output: Output, specs: Sequence[OutputSpec]) -> dict[str, OutputValue]:
    """The declared outputs by name; with none declared, all of standard output as `stdout`.

    What `harness.system.outputs.reading` gives and raises; numpy and the readers of all formats are
    imported where something is declared.
    """
    if not specs and (content := _short(output)) is not None:
        return {"stdout": text_or_bytes(content)}
    from harness.system.outputs.reading import read_outputs

    return read_outputs(output, specs)


def _short(output: Output) -> bytes | None:
    """What was printed; None where it is long or cannot be read, which the readers put in words."""
    try:
        if output.stdout.stat().st_size <= _SHORT_BYTES:
            return output.stdout.read_bytes()
    except OSError:
        pass
    return None
