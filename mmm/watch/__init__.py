"""Does the model still hold? `backtest` hides the last periods and asks the model for them; `monitor` holds new ones
against what it foresees (`forecast`) and against what it was fed (`inputs`), with `chart` to tell noise from change."""
