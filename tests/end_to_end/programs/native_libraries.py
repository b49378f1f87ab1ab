"""Libraries that allocate: at the address of another one after dlclose, while they are loaded, and in a signal handler.

Arguments: the folder that they are in. Prints the address of each plugin's function, in the order of the calls.
"""
import _ctypes
import ctypes
import os
import sys

FOLDER = sys.argv[1]


def loaded(name):
    return ctypes.CDLL(os.path.join(FOLDER, "lib%s.so" % name))


def plugin(name, size):
    library = loaded(name)
    function = getattr(library, name)
    function.restype, function.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    function(size)                                                          # LINE plugin
    address = ctypes.cast(function, ctypes.c_void_p).value
    _ctypes.dlclose(library._handle)
    return address


def main():
    print(*(plugin(("plugin_east", "plugin_west")[i % 2], 71001 + 2 * i) for i in range(20)))
    loaded("static_block")                                                  # LINE static_block
    library = loaded("interrupted")
    for i in range(5):
        library.interrupted(72001 + 2 * i)                                  # LINE interrupted
        library.interrupts_itself(73001 + 2 * i)                            # LINE interrupts_itself


main()
