"""Imported while mixed_calls.py runs."""
import __main__

__main__.inner()
__main__.mixed.call(__main__.inner)                             # through mixed_call
