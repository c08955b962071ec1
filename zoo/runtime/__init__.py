"""What computes a network: onnxruntime or torch."""
