// The Python program that `cistern loop` runs: it imports a function, calls it again and again, and sets a mark between
// the calls. Between two marks it allocates nothing that stays allocated: the name of the marks and the loop counter
// exist before. For CPython 3.8 and later.
#pragma once

namespace cistern::analyzer {

// The name of the marks. The first mark is set after the warm-up, then one after each call.
constexpr char kLoopMark[] = "iteration";

// For `python3 -c`. Arguments: the module, the path of the function in it, the number of calls, the number of warm-up
// calls, the name of the marks, and what the function finds in sys.argv.
constexpr char kLoopDriver[] = R"(exec(compile('''
import atexit, ctypes, functools, importlib, inspect, itertools, sys


def resolve(module, path):
    found = importlib.import_module(module)
    for name in path.split("."):
        owner, found = found, getattr(found, name)
    if inspect.isclass(owner) and inspect.isfunction(inspect.getattr_static(owner, name)):
        found = getattr(owner(), name)
    if inspect.iscoroutinefunction(found):
        import asyncio
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        atexit.register(loop.close)
        return lambda: loop.run_until_complete(found())
    return found


def marker(name):
    mark = ctypes.CDLL(None).cistern_mark
    mark.restype = None
    return functools.partial(mark, ctypes.c_char_p(name.encode()))


def loop(call, mark, times, warm_up):
    for _ in itertools.repeat(None, warm_up):
        call()
    mark()
    for _ in itertools.repeat(None, times):
        call()
        mark()


module, path, times, warm_up, name = sys.argv[1:6]
sys.argv[:6] = [module + ":" + path]
sys._cistern_loop = resolve(module, path)  # keeps the instance alive until the program has ended
loop(sys._cistern_loop, marker(name), int(times), int(warm_up))
''', '<cistern loop>', 'exec'), {'__name__': 'cistern_loop'}))";

}  // namespace cistern::analyzer
