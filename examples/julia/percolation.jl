# Site percolation: how clusters of occupied sites grow on random square grids.
#
#     julia percolation.jl SIDE GRIDS PROBABILITY SEED
#
# Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
# from the top row to the bottom row, and the sum of the squares of all clusters' sizes.

using HarnessPhases

# splitmix64 (Steele, Lea and Flood 2014)
mutable struct Generator
    state::UInt64
end

"A number from 0 up to but not including 1."
function uniform(generator)
    generator.state += 0x9E3779B97F4A7C15
    z = generator.state
    z = (z ⊻ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ⊻ (z >> 27)) * 0x94D049BB133111EB
    return Float64((z ⊻ (z >> 31)) >> 11) * 2.0^-53
end

function fill_grid(side, probability, generator)
    occupied = zeros(Bool, side, side)
    for row in 1:side, column in 1:side
        occupied[row, column] = uniform(generator) < probability
    end
    return occupied
end

"Gives the label to all sites that are connected to the first one; returns how many."
function flood(occupied, labels, row, column, label)
    side = size(occupied, 1)
    labels[row, column] = label
    waiting = [(row, column)]
    count = 0
    while !isempty(waiting)
        row, column = pop!(waiting)
        count += 1
        for (down, right) in [(1, 0), (-1, 0), (0, 1), (0, -1)]
            r, c = row + down, column + right
            if 1 <= r <= side && 1 <= c <= side && occupied[r, c] && labels[r, c] == 0
                labels[r, c] = label
                push!(waiting, (r, c))
            end
        end
    end
    return count
end

"The label of every site, 0 where it is empty, and the size of every cluster."
function label_clusters(occupied)
    labels = zeros(Int, size(occupied))
    sizes = []
    for row in axes(occupied, 1), column in axes(occupied, 2)
        if occupied[row, column] && labels[row, column] == 0
            push!(sizes, flood(occupied, labels, row, column, length(sizes) + 1))
        end
    end
    return labels, sizes
end

spans(labels) = any(label != 0 && label in labels[end, :] for label in labels[1, :])

function main()
    side, grids = parse(Int, ARGS[1]), parse(Int, ARGS[2])
    probability, generator = parse(Float64, ARGS[3]), Generator(parse(Int, ARGS[4]))
    all_sizes = []
    spanning = 0
    for grid in 1:grids
        occupied = @phase "fill" fill_grid(side, probability, generator)
        labels, sizes = @phase "label" label_clusters(occupied)
        append!(all_sizes, sizes)
        if @phase "measure" spans(labels)
            spanning += 1
        end
    end
    println("occupied: ", sum(all_sizes), "\nclusters: ", length(all_sizes))
    println("largest: ", maximum(all_sizes), "\nspanning: ", spanning)
    println("squares: ", sum(all_sizes .^ 2))
end

main()
