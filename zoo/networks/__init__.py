"""The networks in torch, apart from how they are trained and what is made of their answers."""
