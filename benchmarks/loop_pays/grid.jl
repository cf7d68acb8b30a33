# Figures of a random grid, one a line: grid.jl SIDE SEED.

# [draw]
function draw(n, seed)
    state = UInt64(seed) * 0x000000009e3779b1 + UInt64(12345)
    grid = zeros(Int, n, n)
    for i in 1:n, j in 1:n
        state = state * 0x5851f42d4c957f2d + 0x14057b7ef767814f
        grid[i, j] = Int(state >> 56)
    end
    return grid
end

# [smooth]
total = 0
function smooth(grid, rounds)
    n = size(grid, 1)
    global total = 0
    for _ in 1:rounds
        for i in 2:n-1, j in 2:n-1
            global total += (grid[i-1, j] + grid[i+1, j] + grid[i, j-1] + grid[i, j+1]) ÷ 4
        end
        total %= 1000000007
    end
    return total
end

# [rows]
function rows(grid)
    best = 0
    for i in 1:size(grid, 1), k in 1:40
        best = max(best, sum(grid[i, :]) * k % 10007)
    end
    return best
end

# [levels]
function levels(grid)
    counts = Dict{Any,Any}()
    for value in grid
        counts[value] = get(counts, value, 0) + 1
    end
    return maximum(values(counts))
end

# [border]
function border(grid)
    n = size(grid, 1)
    return sum(grid[1, :]) + sum(grid[n, :]) + sum(grid[:, 1]) + sum(grid[:, n])
end

# [main]
function main()
    n, seed = parse(Int, ARGS[1]), parse(Int, ARGS[2])
    grid = draw(n, seed)
    println("smooth ", smooth(grid, 12))
    println("rows ", rows(grid))
    println("levels ", levels(grid))
    println("border ", border(grid))
end

main()
