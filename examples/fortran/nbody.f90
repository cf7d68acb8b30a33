! All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.
!
!     nbody BODIES STEPS SEED
!
! Prints the energy at the end and the largest relative drift of it on the way; writes the last
! positions to positions.csv. Units: G = 1, total mass = 1.
module gravity
    use, intrinsic :: iso_fortran_env, only: dp => real64
    use splitmix, only: generator
    implicit none

    real(dp), parameter :: G = 1.0_dp, softening = 0.05_dp

    type :: bodies_type
        real(dp), allocatable :: mass(:)
        real(dp), allocatable :: position(:, :), velocity(:, :), acceleration(:, :) ! (3, n)
    end type

contains

    ! A cube of side 2 with slowly moving bodies of about the same mass.
    subroutine initialise(bodies, n, random)
        type(bodies_type), intent(out) :: bodies
        integer, intent(in) :: n
        type(generator), intent(inout) :: random
        integer :: i, k
        allocate (bodies%mass(n), bodies%position(3, n), bodies%velocity(3, n))
        allocate (bodies%acceleration(3, n))
        do i = 1, n
            bodies%mass(i) = (0.5_dp + random%uniform())/n
            do k = 1, 3
                bodies%position(k, i) = 2.0_dp*random%uniform() - 1.0_dp
            end do
            do k = 1, 3
                bodies%velocity(k, i) = 0.4_dp*random%uniform() - 0.2_dp
            end do
        end do
    end subroutine

    ! The softened distance: never 0, so that close encounters stay harmless.
    pure real(dp) function distance(difference)
        real(dp), intent(in) :: difference(3)
        distance = sqrt(sum(difference**2) + softening**2)
    end function

    subroutine compute_accelerations(bodies)
        type(bodies_type), intent(inout) :: bodies
        real(dp) :: difference(3), total(3)
        integer :: i, j
        do i = 1, size(bodies%mass)
            total = 0.0_dp
            do j = 1, size(bodies%mass) ! its own pull on itself is 0
                difference = bodies%position(:, j) - bodies%position(:, i)
                total = total + G*bodies%mass(j)*difference/distance(difference)**3
            end do
            bodies%acceleration(:, i) = total
        end do
    end subroutine

    pure real(dp) function total_energy(bodies) result(energy)
        type(bodies_type), intent(in) :: bodies
        integer :: i, j
        energy = 0.0_dp
        do i = 1, size(bodies%mass)
            energy = energy + 0.5_dp*bodies%mass(i)*sum(bodies%velocity(:, i)**2)
            do j = i + 1, size(bodies%mass)
                energy = energy - G*bodies%mass(i)*bodies%mass(j) &
                         /distance(bodies%position(:, j) - bodies%position(:, i))
            end do
        end do
    end function

    subroutine write_positions(path, bodies)
        character(len=*), intent(in) :: path
        type(bodies_type), intent(in) :: bodies
        integer :: unit, i
        open (newunit=unit, file=path, action="write", status="replace")
        write (unit, "(a)") "x,y,z"
        do i = 1, size(bodies%mass)
            write (unit, '(*(g0, :, ","))') bodies%position(:, i)
        end do
        close (unit)
    end subroutine

end module

program nbody
    use, intrinsic :: iso_fortran_env, only: dp => real64, error_unit, int64
    use gravity
    use harness_phases, only: phase_begin, phase_end
    use splitmix, only: generator
    implicit none

    real(dp), parameter :: time_step = 0.005_dp
    type(bodies_type) :: bodies
    type(generator) :: random
    real(dp) :: first, energy, worst
    integer :: step

    if (command_argument_count() /= 3) then
        write (error_unit, "(a)") "usage: nbody BODIES STEPS SEED"
        stop 2, quiet=.true.
    end if

    call phase_begin("initialise")
    random%state = argument(3)
    call initialise(bodies, int(argument(1)), random)
    call compute_accelerations(bodies)
    first = total_energy(bodies)
    energy = first
    worst = 0.0_dp
    call phase_end("initialise")

    do step = 1, int(argument(2))
        call phase_begin("move")
        bodies%velocity = bodies%velocity + 0.5_dp*time_step*bodies%acceleration
        bodies%position = bodies%position + time_step*bodies%velocity
        call phase_end("move")

        call phase_begin("forces")
        call compute_accelerations(bodies)
        call phase_end("forces")

        call phase_begin("move")
        bodies%velocity = bodies%velocity + 0.5_dp*time_step*bodies%acceleration
        call phase_end("move")

        call phase_begin("energy")
        energy = total_energy(bodies)
        worst = max(worst, abs((energy - first)/first))
        call phase_end("energy")
    end do

    call phase_begin("output")
    print "(a, g0)", "energy: ", energy, "energy_drift: ", worst
    call write_positions("positions.csv", bodies)
    call phase_end("output")

contains

    integer(int64) function argument(number)
        integer, intent(in) :: number
        character(len=32) :: word
        call get_command_argument(number, word)
        read (word, *) argument
    end function

end program
