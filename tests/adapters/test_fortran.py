"""The Fortran adapter keeps the contract."""

import pytest

from harness.testing import AdapterConformance

pytestmark = pytest.mark.needs("gfortran")


class TestFortran(AdapterConformance):
    adapter = "fortran"
    suffix = ".f90"
    option = "flags"
    steady = True
    program = """\
program sum_up
    implicit none
    character(len=32) :: word
    integer(8) :: n, i, total
    call get_command_argument(1, word)
    read (word, *) n
    total = 0
    do i = 1, n
        total = total + i
    end do
    print "(i0)", total
end program
"""
    wrong = 'program wrong\n    print "(i0)", 7\nend program\n'
    failing = "program failing\n    stop 3\nend program\n"
    hanging = 'program hanging\n    call execute_command_line("sleep 90")\nend program\n'
    broken = "program broken\n    implicit none\n    x = 1\nend program\n"
    broken_says = "sum.f90:3:"
    changes = (
        ("std", "f2008"),
        ("flags", ["-O0"]),
        ("link_flags", ["-Wl,-O1"]),
        ("include_dirs", ["."]),
        ("library_dirs", ["."]),
        ("libraries", ["m"]),
    )
    reading = """\
program reading
    implicit none
    integer(8) :: number, total
    integer :: ended
    total = 0
    do
        read (*, *, iostat=ended) number
        if (ended /= 0) exit
        total = total + number
    end do
    print "(i0)", total
end program
"""
    marked = (
        program.replace("    implicit", "    use harness_phases\n    implicit")
        .replace("    total = 0", '    call phase_begin("sum")\n    total = 0')
        .replace("    print", '    call phase_end("sum")\n    print')
    )
