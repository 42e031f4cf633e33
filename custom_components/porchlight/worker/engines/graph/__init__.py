"""What a `.tflite` file says: its graph, read, checked and simplified, whatever runs it."""
