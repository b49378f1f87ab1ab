"""The storm without Python, below a Python program, for profilers that need one. Arguments: library, threads, steps, live."""
import ctypes
import sys

storm = ctypes.CDLL(sys.argv[1]).bench_storm
storm.restype = ctypes.c_uint64
storm.argtypes = [ctypes.c_uint64] * 3
print(storm(*map(int, sys.argv[2:])))
