"""Pure functions that look inside a trained net: params and inputs in, arrays out."""
