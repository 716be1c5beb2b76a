"""Proofs that a recurrent net gives the right answers on inputs of every length."""
