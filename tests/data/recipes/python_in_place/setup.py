from setuptools import Extension, setup

extension = Extension("app._work", ["app/work.c"])
setup(name="app", version="0.1", packages=["app"], ext_modules=[extension])
