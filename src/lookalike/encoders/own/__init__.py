"""Models that the user adds: a description and an ONNX file become an encoder."""
