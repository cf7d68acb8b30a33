"""The OCaml adapter keeps the contract."""

import pytest

from harness.testing import AdapterConformance

pytestmark = pytest.mark.needs("ocamlopt")


class TestOCaml(AdapterConformance):
    adapter = "ocaml"
    suffix = ".ml"
    option = "flags"
    changes = (("flags", ["-unsafe"]), ("packages", ["unix"]))
    program = """\
let () =
  let sum = ref 0 in
  for i = 1 to int_of_string Sys.argv.(1) do
    sum := !sum + i
  done;
  Printf.printf "%d\\n" !sum
"""
    wrong = 'let () = print_endline "7"\n'
    failing = "let () = exit 3\n"
    hanging = 'let () = ignore (Sys.command "sleep 90")\n'
    broken = "let () = undeclared ()\n"
    broken_says = "Unbound value undeclared"
