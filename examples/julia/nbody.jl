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

# A tuple of known length needs no place on the heap, unlike a Vector.
const Triple = NTuple{3,Float64}

mutable struct Body
    mass::Float64
    position::Triple
    velocity::Triple
    acceleration::Triple
end

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
    bodies = Body[]
    for i in 1:n
        mass = (0.5 + uniform(generator)) / n
        position = ntuple(k -> 2 * uniform(generator) - 1, 3)
        velocity = ntuple(k -> 0.4 * uniform(generator) - 0.2, 3)
        push!(bodies, Body(mass, position, velocity, (0.0, 0.0, 0.0)))
    end
    return bodies
end

"The softened distance: never 0, so that close encounters stay harmless."
distance(a, b) = sqrt(sum((b.position .- a.position) .^ 2) + SOFTENING^2)

function compute_accelerations(bodies)
    for a in bodies
        acceleration = (0.0, 0.0, 0.0)
        for b in bodies
            b === a && continue
            pull = G * b.mass / distance(a, b)^3
            acceleration = acceleration .+ pull .* (b.position .- a.position)
        end
        a.acceleration = acceleration
    end
end

function total_energy(bodies)
    energy = 0.0
    for a in bodies
        energy += 0.5 * a.mass * sum(a.velocity .^ 2)
        for b in bodies
            b === a && continue
            energy -= 0.5 * G * a.mass * b.mass / distance(a, b)
        end
    end
    return energy
end

function kick(bodies, time)
    for body in bodies
        body.velocity = body.velocity .+ time .* body.acceleration
    end
end

function drift(bodies, time)
    for body in bodies
        body.position = body.position .+ time .* body.velocity
    end
end

function write_positions(path, bodies)
    open(path, "w") do file
        println(file, "x,y,z")
        for body in bodies
            x, y, z = body.position
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
        # No @printf: compiling its formats takes longer than printing all of the positions.
        println("energy: ", energy)
        println("energy_drift: ", worst)
        write_positions("positions.csv", bodies)
    end
end

main()
