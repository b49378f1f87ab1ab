// C++ between Python frames: an algorithm of the standard library that calls back, and an exception on its way out.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

#define OWN_FRAME extern "C" __attribute__((noinline, noclone))

static PyObject* called;

OWN_FRAME bool mixed_before(int left, int right) {
  PyObject* const result = PyObject_CallFunction(called, "ii", left, right);
  if (result == nullptr) throw std::runtime_error("the comparison failed");
  const bool before = PyLong_AsLong(result) < 0;
  Py_DECREF(result);
  return before;
}

OWN_FRAME PyObject* mixed_cpp_sort(PyObject*, PyObject* function) {
  called = function;
  std::vector<int> numbers{2, 1};
  try {
    std::sort(numbers.begin(), numbers.end(), std::function<bool(int, int)>(mixed_before));
  } catch (const std::runtime_error&) {
    return nullptr;
  }
  return PyLong_FromLong(numbers[0]);
}

static PyMethodDef methods[] = {{"sort", mixed_cpp_sort, METH_O, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "mixed_cpp", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

PyMODINIT_FUNC PyInit_mixed_cpp() {
  PyObject* module = PyModule_Create(&definition);
#ifdef Py_GIL_DISABLED
  if (module != nullptr) PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
  return module;
}
