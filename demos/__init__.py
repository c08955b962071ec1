"""The pages of the app: each module builds one tab; widgets only."""
