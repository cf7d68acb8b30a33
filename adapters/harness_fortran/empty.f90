! The empty program of the floor: it starts, reads the files that it is told once, and ends.
! "-" is the standard input; what cannot be opened is left out.
program empty
    use, intrinsic :: iso_fortran_env, only: input_unit
    implicit none
    character(len=4096) :: name
    integer :: i, problem
    do i = 1, command_argument_count()
        call get_command_argument(i, name)
        if (name == "-") then
            call read_all(input_unit)
            cycle
        end if
        open (10, file=trim(name), status="old", action="read", iostat=problem)
        if (problem /= 0) cycle
        call read_all(10)
        close (10)
    end do
contains
    subroutine read_all(unit)
        integer, intent(in) :: unit
        character(len=65536) :: line
        integer :: ended
        do
            read (unit, "(a)", iostat=ended) line
            if (ended /= 0) exit
        end do
    end subroutine
end program
