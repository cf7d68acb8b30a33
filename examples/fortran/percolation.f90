! Site percolation: how clusters of occupied sites grow on random square grids.
!
!     percolation SIDE GRIDS PROBABILITY SEED
!
! Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
! from the top row to the bottom row, and the sum of the squares of all clusters' sizes.
module clusters
    use, intrinsic :: iso_fortran_env, only: dp => real64, int64
    use splitmix, only: generator
    implicit none

    type :: totals_type
        integer(int64) :: occupied = 0, clusters = 0, largest = 0, spanning = 0, squares = 0
    end type

contains

    ! Row by row: the first index is the column, whose sites lie side by side in memory.
    subroutine fill(occupied, probability, random)
        logical, intent(out) :: occupied(:, :)
        real(dp), intent(in) :: probability
        type(generator), intent(inout) :: random
        integer :: row, column
        do row = 1, size(occupied, 2)
            do column = 1, size(occupied, 1)
                occupied(column, row) = random%uniform() < probability
            end do
        end do
    end subroutine

    ! Gives the label to all sites that are connected to the first one; returns how many.
    integer function flood(occupied, labels, first, label, waiting) result(found)
        logical, intent(in) :: occupied(:, :)
        integer, intent(inout) :: labels(:, :)
        integer, intent(in) :: first(2), label
        integer, intent(inout) :: waiting(:, :)
        integer, parameter :: steps(2, 4) = reshape([0, 1, 0, -1, 1, 0, -1, 0], [2, 4])
        integer :: count, k, site(2), next(2)
        labels(first(1), first(2)) = label
        waiting(:, 1) = first
        count = 1
        found = 0
        do while (count > 0)
            site = waiting(:, count)
            count = count - 1
            found = found + 1
            do k = 1, 4
                next = site + steps(:, k)
                if (any(next < 1) .or. any(next > shape(labels))) cycle
                if (.not. occupied(next(1), next(2)) .or. labels(next(1), next(2)) /= 0) cycle
                labels(next(1), next(2)) = label
                count = count + 1
                waiting(:, count) = next
            end do
        end do
    end function

    ! Labels clusters 1, 2, ... in the order of their first sites; returns how many there are.
    integer function label_clusters(occupied, labels, sizes, waiting) result(found)
        logical, intent(in) :: occupied(:, :)
        integer, intent(out) :: labels(:, :), sizes(:)
        integer, intent(inout) :: waiting(:, :)
        integer :: row, column
        labels = 0
        found = 0
        do row = 1, size(labels, 2)
            do column = 1, size(labels, 1)
                if (.not. occupied(column, row) .or. labels(column, row) /= 0) cycle
                found = found + 1
                sizes(found) = flood(occupied, labels, [column, row], found, waiting)
            end do
        end do
    end function

    ! Does a cluster of the top row reach the bottom row?
    pure logical function spans(labels)
        integer, intent(in) :: labels(:, :)
        integer :: i
        spans = .false.
        do i = 1, size(labels, 1)
            if (labels(i, 1) == 0) cycle
            spans = any(labels(:, size(labels, 2)) == labels(i, 1))
            if (spans) return
        end do
    end function

    subroutine measure(labels, sizes, totals)
        integer, intent(in) :: labels(:, :), sizes(:)
        type(totals_type), intent(inout) :: totals
        integer :: i
        do i = 1, size(sizes)
            totals%occupied = totals%occupied + sizes(i)
            totals%squares = totals%squares + int(sizes(i), int64)**2
            totals%largest = max(totals%largest, int(sizes(i), int64))
        end do
        totals%clusters = totals%clusters + size(sizes)
        if (spans(labels)) totals%spanning = totals%spanning + 1
    end subroutine

end module

program percolation
    use, intrinsic :: iso_fortran_env, only: dp => real64, error_unit, int64
    use clusters
    use harness_phases, only: phase_begin, phase_end
    use splitmix, only: generator
    implicit none

    character(len=32) :: words(4)
    type(generator) :: random
    type(totals_type) :: totals
    real(dp) :: probability
    logical, allocatable :: occupied(:, :)
    integer, allocatable :: labels(:, :), sizes(:), waiting(:, :)
    integer :: side, grids, grid, i, found

    if (command_argument_count() /= size(words)) then
        write (error_unit, "(a)") "usage: percolation SIDE GRIDS PROBABILITY SEED"
        stop 2, quiet=.true.
    end if
    do i = 1, size(words)
        call get_command_argument(i, words(i))
    end do
    read (words(1), *) side
    read (words(2), *) grids
    read (words(3), *) probability
    read (words(4), *) random%state
    allocate (occupied(side, side), labels(side, side), sizes(side**2), waiting(2, side**2))

    do grid = 1, grids
        call phase_begin("fill")
        call fill(occupied, probability, random)
        call phase_end("fill")
        call phase_begin("label")
        found = label_clusters(occupied, labels, sizes, waiting)
        call phase_end("label")
        call phase_begin("measure")
        call measure(labels, sizes(:found), totals)
        call phase_end("measure")
    end do
    print "(a, i0)", "occupied: ", totals%occupied, "clusters: ", totals%clusters, &
        "largest: ", totals%largest, "spanning: ", totals%spanning, "squares: ", totals%squares
end program
