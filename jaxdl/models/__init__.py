"""Models: recurrent and convolutional nets, their activations and their initializers."""
