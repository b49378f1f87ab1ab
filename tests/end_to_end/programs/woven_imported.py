"""Imported while woven_calls.py runs."""
import __main__

__main__.inner()
__main__.woven.call(__main__.inner)                             # through woven_call
