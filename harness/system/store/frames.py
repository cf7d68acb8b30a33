"""Tables of trials as pandas has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.system.store.rows import trials_schema

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

METRICS = "metrics"
"""The column of figures by name; in a frame each of them is a column `metrics.NAME`."""


def frame_of(tables: Sequence[pa.Table]) -> pd.DataFrame:
    """One frame of all; a column that some of them lack is empty there.

    Of none it is an empty one with the columns of the schema.
    """
    import pandas as pd
    import pyarrow as pa

    if not tables:
        return _frame(trials_schema().empty_table())
    try:
        return _frame(pa.concat_tables(tables, promote_options="permissive"))
    except pa.ArrowException:  # a column that is not known is of several types
        return pd.concat([_frame(table) for table in tables], ignore_index=True)


def _frame(table: pa.Table) -> pd.DataFrame:
    import pandas as pd

    if METRICS not in table.column_names:
        plain: pd.DataFrame = table.to_pandas()
        return plain
    cells = [dict(cell or ()) for cell in table.column(METRICS).to_pylist()]
    frame: pd.DataFrame = table.drop_columns(METRICS).to_pandas()
    named = dict.fromkeys(name for cell in cells for name in cell)
    more = {f"{METRICS}.{name}": [cell.get(name) for cell in cells] for name in named}
    return frame.join(pd.DataFrame(more, index=frame.index, dtype=float))
