/* An extension whose every function makes one known block, by one known call, and keeps it: allocate(kind, size, nogil)
 * runs the call named `kind` with the GIL held or, where the call may do without it, released. It makes no other
 * allocation on the way. Sizes are the caller's; second sizes and alignments are derived from them as said in KINDS.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef void* (*Maker)(size_t size);

static void* by_malloc(size_t size) { return malloc(size); }
static void* by_calloc(size_t size) { return calloc(1, size); }
static void* by_realloc(size_t size) { return realloc(malloc(size + 2), size); }
static void* by_reallocarray(size_t size) { return reallocarray(NULL, 1, size); }
static void* by_memalign(size_t size) { return memalign(128, size); }
static void* by_aligned_alloc(size_t size) { return aligned_alloc(64, size); }
static void* by_valloc(size_t size) { return valloc(size); }
static void* by_posix_memalign(size_t size) {
  void* block = NULL;
  return posix_memalign(&block, 256, size) == 0 ? block : NULL;
}
static void* by_mmap(size_t size) {
  return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void* by_mremap(size_t size) { return mremap(by_mmap(size + 4096), size + 4096, size, MREMAP_MAYMOVE); }
static void* by_raw_malloc(size_t size) { return PyMem_RawMalloc(size); }
static void* by_raw_calloc(size_t size) { return PyMem_RawCalloc(1, size); }
static void* by_raw_realloc(size_t size) { return PyMem_RawRealloc(PyMem_RawMalloc(size + 2), size); }
static void* by_mem_malloc(size_t size) { return PyMem_Malloc(size); }
static void* by_mem_calloc(size_t size) { return PyMem_Calloc(1, size); }
static void* by_mem_realloc(size_t size) { return PyMem_Realloc(PyMem_Malloc(size + 2), size); }
static void* by_object_malloc(size_t size) { return PyObject_Malloc(size); }
static void* by_object_calloc(size_t size) { return PyObject_Calloc(1, size); }
static void* by_object_realloc(size_t size) { return PyObject_Realloc(PyObject_Malloc(size + 2), size); }

static const struct {
  const char* name;
  Maker make;
} KINDS[] = {
    {"malloc", by_malloc},
    {"calloc", by_calloc},
    {"realloc", by_realloc}, /* of a malloc of size + 2 */
    {"reallocarray", by_reallocarray},
    {"memalign", by_memalign},
    {"aligned_alloc", by_aligned_alloc},
    {"valloc", by_valloc},
    {"posix_memalign", by_posix_memalign},
    {"mmap", by_mmap},
    {"mremap", by_mremap}, /* of a mapping of size + 4096 */
    {"raw_malloc", by_raw_malloc},
    {"raw_calloc", by_raw_calloc},
    {"raw_realloc", by_raw_realloc},
    {"mem_malloc", by_mem_malloc},
    {"mem_calloc", by_mem_calloc},
    {"mem_realloc", by_mem_realloc},
    {"object_malloc", by_object_malloc},
    {"object_calloc", by_object_calloc},
    {"object_realloc", by_object_realloc},
};

/* Called without a tuple of arguments, which would be a block of its own. */
static PyObject* allocate(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  (void)self;
  if (count != 3) return PyErr_Format(PyExc_TypeError, "three arguments");
  const char* const kind = PyUnicode_AsUTF8(args[0]);
  const Py_ssize_t size = PyLong_AsSsize_t(args[1]);
  const int without_gil = PyObject_IsTrue(args[2]);
  if (kind == NULL || without_gil < 0 || PyErr_Occurred()) return NULL;
  for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; ++i) {
    if (strcmp(KINDS[i].name, kind) != 0) continue;
    void* block;
    if (without_gil) {
      Py_BEGIN_ALLOW_THREADS block = KINDS[i].make((size_t)size);
      Py_END_ALLOW_THREADS
    } else {
      block = KINDS[i].make((size_t)size);
    }
    if (block == NULL || block == MAP_FAILED) return PyErr_NoMemory();
    Py_RETURN_NONE;
  }
  PyErr_SetString(PyExc_ValueError, kind);
  return NULL;
}

static PyMethodDef METHODS[] = {{"allocate", (PyCFunction)(void (*)(void))allocate, METH_FASTCALL, "allocate(kind, size, without_gil)"}, {0}};
static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, .m_name = "known_blocks", .m_size = -1, .m_methods = METHODS};
PyMODINIT_FUNC PyInit_known_blocks(void) {
  PyObject* module = PyModule_Create(&MODULE);
#ifdef Py_GIL_DISABLED
  if (module != NULL) PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
  return module;
}
