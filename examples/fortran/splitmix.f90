! splitmix64 (Steele, Lea and Flood 2014). Fortran has no unsigned numbers: the sums and products
! run over, which is meant; compile with -fwrapv.
module splitmix
    use, intrinsic :: iso_fortran_env, only: int64, real64
    implicit none
    private
    public :: generator

    integer(int64), parameter :: gamma_step = int(z"9E3779B97F4A7C15", int64)
    integer(int64), parameter :: first_factor = int(z"BF58476D1CE4E5B9", int64)
    integer(int64), parameter :: second_factor = int(z"94D049BB133111EB", int64)

    type :: generator
        integer(int64) :: state
    contains
        procedure :: uniform
    end type

contains

    ! A number from 0 up to but not including 1.
    real(real64) function uniform(self)
        class(generator), intent(inout) :: self
        integer(int64) :: z
        self%state = self%state + gamma_step
        z = self%state
        z = ieor(z, shiftr(z, 30))*first_factor
        z = ieor(z, shiftr(z, 27))*second_factor
        uniform = real(shiftr(ieor(z, shiftr(z, 31)), 11), real64)*2.0_real64**(-53)
    end function

end module
