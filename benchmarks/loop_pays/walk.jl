# Figures of a random walk, one a line: walk.jl NUMBER SEED.

# [draw]
function draw(n, seed)
    state, steps = UInt64(seed) * 0x000000009e3779b1 + UInt64(12345), Int[]
    for _ in 1:n
        state = state * 0x5851f42d4c957f2d + 0x14057b7ef767814f
        push!(steps, Int(state >> 60) - 7)
    end
    return steps
end

# [visited]
function visited(steps)
    places, at = [], 0
    for step in steps
        at += step
        if !(at in places)
            push!(places, at)
        end
    end
    return length(places)
end

# [farthest]
function farthest(steps)
    best = 0
    for i in 1:500:length(steps)
        for j in i:length(steps)
            best = max(best, abs(sum(steps[i:j])) % 10007)
            j - i > 900 && break
        end
    end
    return best
end

# [digest]
function digest(steps)
    text = ""
    for step in steps[1:2:end]
        text = text * string(step) * ","
    end
    total = 7
    for c in text
        total = (total * 31 + Int(c)) % 1000003
    end
    return total
end

# [turns]
function turns(steps)
    count = 0
    for i in 2:length(steps)
        if steps[i] * steps[i-1] < 0
            count = count + 1
        end
    end
    return count
end

# [main]
function main()
    n, seed = parse(Int, ARGS[1]), parse(Int, ARGS[2])
    steps = draw(n, seed)
    println("visited ", visited(steps))
    println("farthest ", farthest(steps))
    println("digest ", digest(steps))
    println("turns ", turns(steps))
end

main()
