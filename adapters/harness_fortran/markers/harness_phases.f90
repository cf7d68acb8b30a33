! Phases of a program's own work, for the harness.
!
!     use harness_phases
!     call phase_begin("force")
!     ...
!     call phase_end("force")
!
! Phases nest and repeat; every thread has its own. Outside of the harness the calls do nothing.
module harness_phases
    use, intrinsic :: iso_c_binding, only: c_char, c_null_char
    implicit none
    private
    public :: phase_begin, phase_end

    interface
        subroutine begin_named(name) bind(c, name="harness_fortran_phase_begin")
            import :: c_char
            character(kind=c_char), intent(in) :: name(*)
        end subroutine
        subroutine end_named(name) bind(c, name="harness_fortran_phase_end")
            import :: c_char
            character(kind=c_char), intent(in) :: name(*)
        end subroutine
    end interface

contains

    subroutine phase_begin(name)
        character(len=*), intent(in) :: name
        call begin_named(trim(name)//c_null_char)
    end subroutine

    subroutine phase_end(name)
        character(len=*), intent(in) :: name
        call end_named(trim(name)//c_null_char)
    end subroutine

end module
