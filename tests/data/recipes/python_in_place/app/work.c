#include <Python.h>

static PyObject *work(PyObject *self, PyObject *args) {
    long n;
    volatile long sum = 0;
    if (!PyArg_ParseTuple(args, "l", &n)) return NULL;
    for (long i = 0; i < n; i++) sum += i;
    return PyLong_FromLong(sum);
}

static PyMethodDef methods[] = {{"work", work, METH_VARARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_work", "", -1, methods};
PyMODINIT_FUNC PyInit__work(void) { return PyModule_Create(&module); }
