"""The networks in torch, without their training and decoding."""
