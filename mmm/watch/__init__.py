"""Does the model still hold? `backtest` hides the last periods and asks the model for them."""
