"""What is compared: each runtime behind one small interface, in a process of its own."""
