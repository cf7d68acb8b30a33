! The streams of Fortran for the steady driver: written and rewound apart from those of C.
subroutine harness_flush() bind(c, name="harness_flush")
    use, intrinsic :: iso_fortran_env, only: output_unit
    flush (output_unit)
end subroutine

subroutine harness_rewind() bind(c, name="harness_rewind")
    use, intrinsic :: iso_fortran_env, only: input_unit
    rewind (input_unit) ! the last execution read to the end
end subroutine
