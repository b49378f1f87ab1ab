"""What a program may say to the Cistern recorder that is preloaded under it.

    import cistern

    cistern.mark("loaded")              # name this moment; reports measure growth from mark to mark
    with cistern.recording():           # record this block only; see `cistern run --no-start`
        work()

Everything here is harmless where no recorder is preloaded: then each call does nothing. It may be called from any
thread. The module needs no other, and works with CPython 3.8 and later.
"""
import contextlib
import os

__all__ = ["enabled", "flush", "mark", "recording", "start", "stop"]
__version__ = "0.1.0"


def _function(name, result, *arguments):
    """Returns the recorder's C function `name`, or None where there is no recorder."""
    try:
        import ctypes  # some builds have none

        found = getattr(ctypes.CDLL(None), name)
        found.restype = getattr(ctypes, result) if result else None
        found.argtypes = [getattr(ctypes, argument) for argument in arguments]
        return found
    except (ImportError, AttributeError, OSError, TypeError):
        return None


_mark = _function("cistern_mark", None, "c_char_p")
_start = _function("cistern_start", None)
_stop = _function("cistern_stop", None)
_flush = _function("cistern_flush", "c_int")
_enabled = _function("cistern_enabled", "c_int")


def mark(name=""):
    """Names this moment. At most 255 bytes of `name`, in UTF-8, are kept."""
    if _mark is not None:
        _mark(str(name).encode("utf-8", "replace"))


def start():
    """Begins to record, again or, after `cistern run --no-start`, for the first time."""
    if _start is not None:
        _start()


def stop():
    """Stops recording: allocations and frees are not seen until start(). Whatever was recorded stays."""
    if _stop is not None:
        _stop()


def flush():
    """Writes what this thread has recorded to the profile. Raises OSError when that fails."""
    error = _flush() if _flush is not None else 0
    if error:
        raise OSError(error, os.strerror(error))


def enabled():
    """Returns True while this process is recorded."""
    return _enabled is not None and bool(_enabled())


@contextlib.contextmanager
def recording():
    """Records the block, or the function that it decorates; afterwards recording is on or off as it was before."""
    before = enabled()
    start()
    try:
        yield
    finally:
        if not before:
            stop()
