"""Models for other programs: checkpoints in safetensors, and graphs in ONNX."""
