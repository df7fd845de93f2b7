"""What computes batches of pictures: ONNX Runtime on the processor, OpenVINO, or CUDA."""
