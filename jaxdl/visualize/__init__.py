"""Pure functions that look inside a trained CNN: params and images in, arrays out."""
