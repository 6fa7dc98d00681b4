"""Reading TensorFlow's checkpoints without TensorFlow: GPT-2, T5 and BERT as their authors published them."""
