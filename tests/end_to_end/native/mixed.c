// C between Python frames: each function calls back, or allocates, in a native frame of its own. Their names begin with
// mixed_, by which a test finds them in a stack.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>

#define OWN_FRAME __attribute__((noinline, noclone))

// A debugger stops here.
OWN_FRAME void* mixed_allocate(size_t size) {
  char* const block = malloc(size);
  if (block != NULL) block[0] = 1;
  return block;
}

OWN_FRAME PyObject* mixed_block(PyObject* self, PyObject* size) {
  (void)self;
  char* const block = mixed_allocate(PyLong_AsSize_t(size));
  return PyLong_FromLong(block[0]);
}

OWN_FRAME PyObject* mixed_call(PyObject* self, PyObject* function) {
  (void)self;
  PyObject* const result = PyObject_CallFunctionObjArgs(function, NULL);
  return Py_BuildValue("N", result);
}

OWN_FRAME PyObject* mixed_call_with(PyObject* self, PyObject* arguments) {
  (void)self;
  PyObject *function, *argument;
  if (!PyArg_ParseTuple(arguments, "OO", &function, &argument)) return NULL;
  PyObject* const result = PyObject_CallFunctionObjArgs(function, argument, NULL);
  return Py_BuildValue("N", result);
}

OWN_FRAME PyObject* mixed_down(PyObject* function, long levels) {
  PyObject* const result = levels == 0 ? mixed_call(NULL, function) : mixed_down(function, levels - 1);
  return Py_BuildValue("N", result);
}

OWN_FRAME PyObject* mixed_deep(PyObject* self, PyObject* arguments) {
  (void)self;
  PyObject* function;
  long levels;
  if (!PyArg_ParseTuple(arguments, "Ol", &function, &levels)) return NULL;
  return Py_BuildValue("N", mixed_down(function, levels));
}

OWN_FRAME PyObject* mixed_get(PyObject* self, PyObject* arguments) {
  (void)self;
  PyObject* object;
  const char* name;
  if (!PyArg_ParseTuple(arguments, "Os", &object, &name)) return NULL;
  return Py_BuildValue("N", PyObject_GetAttrString(object, name));
}

static PyObject* compared_by;

OWN_FRAME int mixed_compare(const void* left, const void* right) {
  PyObject* const result =
      PyObject_CallFunction(compared_by, "ii", *(const int*)left, *(const int*)right);
  const int order = result == NULL ? 0 : (int)PyLong_AsLong(result);
  Py_XDECREF(result);
  return order;
}

// By the C library's qsort.
OWN_FRAME PyObject* mixed_sort(PyObject* self, PyObject* function) {
  (void)self;
  int numbers[2] = {2, 1};
  compared_by = function;
  qsort(numbers, 2, sizeof(int), mixed_compare);
  return PyErr_Occurred() != NULL ? NULL : PyLong_FromLong(numbers[0]);
}

static PyMethodDef methods[] = {{"block", mixed_block, METH_O, NULL},
                                {"call", mixed_call, METH_O, NULL},
                                {"call_with", mixed_call_with, METH_VARARGS, NULL},
                                {"deep", mixed_deep, METH_VARARGS, NULL},
                                {"get", mixed_get, METH_VARARGS, NULL},
                                {"sort", mixed_sort, METH_O, NULL},
                                {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "mixed", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_mixed(void) {
  PyObject* module = PyModule_Create(&definition);
#ifdef Py_GIL_DISABLED
  if (module != NULL) PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
  return module;
}
