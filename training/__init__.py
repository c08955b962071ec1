"""Recipes, data, training, evaluation and cards of the checkpoints."""

from zoo import cores

cores.limit_pools()  # before torch is loaded
