"""Studies as the app shows them."""
