# All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.
#
#     julia nbody.jl BODIES STEPS SEED
#
# Prints the energy at the end and the largest relative drift of it on the way; writes the last
# positions to positions.csv. Units: G = 1, total mass = 1.

using HarnessPhases

const G = 1.0
const SOFTENING = 0.05
const TIME_STEP = 0.005

# One column for each axis: neighbours in memory are what vector instructions want. And plain loops
# over arrays compile faster than broadcasts and closures, which in a run this short matters as much.
struct Bodies
    mass::Vector{Float64}
    position::Matrix{Float64}
    velocity::Matrix{Float64}
    acceleration::Matrix{Float64}
end

Bodies(n) = Bodies(zeros(n), zeros(n, 3), zeros(n, 3), zeros(n, 3))

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

"A cube of side 2 with slowly moving bodies of about the same mass."
function initialise(n, seed)
    generator = Generator(seed)
    bodies = Bodies(n)
    for i in 1:n
        bodies.mass[i] = (0.5 + uniform(generator)) / n
        for k in 1:3
            bodies.position[i, k] = 2 * uniform(generator) - 1
        end
        for k in 1:3
            bodies.velocity[i, k] = 0.4 * uniform(generator) - 0.2
        end
    end
    return bodies
end

# In the loops over pairs @fastmath spares the check for negative numbers under each root, which
# would be a branch in the way of vectors, and @simd lets the sums be taken in any order. The distance
# is softened: never 0, so that close encounters stay harmless.

function compute_accelerations(bodies)
    mass, position, acceleration = bodies.mass, bodies.position, bodies.acceleration
    n = length(mass)
    @inbounds @fastmath for i in 1:n
        x, y, z = position[i, 1], position[i, 2], position[i, 3]
        ax = ay = az = 0.0
        @simd for j in 1:n # a body does not pull itself: its own dx, dy and dz are 0
            dx = position[j, 1] - x
            dy = position[j, 2] - y
            dz = position[j, 3] - z
            square = dx * dx + dy * dy + dz * dz + SOFTENING * SOFTENING
            pull = G * mass[j] / (square * sqrt(square))
            ax += pull * dx
            ay += pull * dy
            az += pull * dz
        end
        acceleration[i, 1], acceleration[i, 2], acceleration[i, 3] = ax, ay, az
    end
end

function total_energy(bodies)
    mass, position, velocity = bodies.mass, bodies.position, bodies.velocity
    n = length(mass)
    energy = 0.0
    @inbounds @fastmath for i in 1:n
        x, y, z = position[i, 1], position[i, 2], position[i, 3]
        u, v, w = velocity[i, 1], velocity[i, 2], velocity[i, 3]
        potential = 0.0
        @simd for j in 1:n
            dx = position[j, 1] - x
            dy = position[j, 2] - y
            dz = position[j, 3] - z
            potential += mass[j] / sqrt(dx * dx + dy * dy + dz * dz + SOFTENING * SOFTENING)
        end
        potential -= mass[i] / SOFTENING # of the body with itself
        energy += 0.5 * mass[i] * (u * u + v * v + w * w - G * potential)
    end
    return energy
end

"Adds `time * rate` to all three columns."
function advance(columns, rate, time)
    @inbounds @simd for i in 1:length(columns)
        columns[i] += time * rate[i]
    end
end

kick(bodies, time) = advance(bodies.velocity, bodies.acceleration, time)
drift(bodies, time) = advance(bodies.position, bodies.velocity, time)

# Here and at the end numbers become strings before they are printed. Printing a number to a file, or
# by a format, is code that Julia would compile at every start, which takes longer than the output
# itself; what string() needs is in Julia's image.

function write_positions(path, bodies)
    open(path, "w") do file
        println(file, "x,y,z")
        position = bodies.position
        for i in 1:size(position, 1)
            x, y, z = string(position[i, 1]), string(position[i, 2]), string(position[i, 3])
            println(file, x, ",", y, ",", z)
        end
    end
end

function simulate(bodies, steps)
    first = energy = total_energy(bodies)
    worst = 0.0
    for step in 1:steps
        @phase "move" begin
            kick(bodies, TIME_STEP / 2)
            drift(bodies, TIME_STEP)
        end
        @phase "forces" compute_accelerations(bodies)
        @phase "move" kick(bodies, TIME_STEP / 2)
        @phase "energy" begin
            energy = total_energy(bodies)
            worst = max(worst, abs((energy - first) / first))
        end
    end
    return energy, worst
end

function main()
    n, steps, seed = parse.(Int, ARGS)
    bodies = @phase "initialise" begin
        bodies = initialise(n, seed)
        compute_accelerations(bodies)
        bodies
    end
    energy, worst = simulate(bodies, steps)
    @phase "output" begin
        println("energy: ", string(energy))
        println("energy_drift: ", string(worst))
        write_positions("positions.csv", bodies)
    end
end

main()
