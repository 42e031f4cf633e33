"""The graph of a `.tflite` file, read, checked and simplified for any engine."""
