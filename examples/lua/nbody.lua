-- All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.
--
--     luajit nbody.lua BODIES STEPS SEED
--
-- Prints the energy at the end and the largest relative drift of it on the way; writes the last
-- positions to positions.csv. Units: G = 1, total mass = 1.
local phases = require("harness_phases")
local Generator = require("splitmix")

local G = 1.0
local SOFTENING = 0.05
local TIME_STEP = 0.005

-- A cube of side 2 with slowly moving bodies of about the same mass.
local function initialise(n, seed)
    local random = Generator.new(seed)
    local function within(half) return half * (2 * random:uniform() - 1) end
    local bodies = {}
    for i = 1, n do
        -- A table's fields are evaluated in the order in which they are written.
        bodies[i] = {
            mass = (0.5 + random:uniform()) / n,
            x = within(1), y = within(1), z = within(1),
            vx = within(0.2), vy = within(0.2), vz = within(0.2),
            ax = 0, ay = 0, az = 0,
        }
    end
    return bodies
end

-- The softened distance: never 0, so that close encounters stay harmless.
local function distance(a, b)
    local dx, dy, dz = b.x - a.x, b.y - a.y, b.z - a.z
    return math.sqrt(dx * dx + dy * dy + dz * dz + SOFTENING * SOFTENING)
end

local function compute_accelerations(bodies)
    for _, body in ipairs(bodies) do
        local ax, ay, az = 0, 0, 0
        for _, other in ipairs(bodies) do -- its own pull on itself is 0
            local pull = G * other.mass / distance(body, other) ^ 3
            ax = ax + pull * (other.x - body.x)
            ay = ay + pull * (other.y - body.y)
            az = az + pull * (other.z - body.z)
        end
        body.ax, body.ay, body.az = ax, ay, az
    end
end

local function total_energy(bodies)
    local energy = 0
    for i, body in ipairs(bodies) do
        local speed2 = body.vx ^ 2 + body.vy ^ 2 + body.vz ^ 2
        energy = energy + 0.5 * body.mass * speed2
        for j = i + 1, #bodies do
            energy = energy - G * body.mass * bodies[j].mass / distance(body, bodies[j])
        end
    end
    return energy
end

local function kick(bodies, time)
    for _, body in ipairs(bodies) do
        body.vx = body.vx + time * body.ax
        body.vy = body.vy + time * body.ay
        body.vz = body.vz + time * body.az
    end
end

local function drift(bodies, time)
    for _, body in ipairs(bodies) do
        body.x = body.x + time * body.vx
        body.y = body.y + time * body.vy
        body.z = body.z + time * body.vz
    end
end

local function write_positions(path, bodies)
    local file = assert(io.open(path, "w"))
    file:write("x,y,z\n")
    for _, body in ipairs(bodies) do
        file:write(string.format("%.15g,%.15g,%.15g\n", body.x, body.y, body.z))
    end
    assert(file:close())
end

-- Does the work as a phase of that name, and gives back what it gives.
local function phase(name, work, ...)
    phases.begin(name)
    local result = work(...)
    phases.finish(name)
    return result
end

if #arg ~= 3 then
    io.stderr:write("usage: luajit nbody.lua BODIES STEPS SEED\n")
    os.exit(2)
end
local n, steps, seed = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
local bodies = phase("initialise", initialise, n, seed)
phase("forces", compute_accelerations, bodies)
local first = phase("energy", total_energy, bodies)
local energy, worst = first, 0
for _ = 1, steps do
    phase("move", kick, bodies, 0.5 * TIME_STEP)
    phase("move", drift, bodies, TIME_STEP)
    phase("forces", compute_accelerations, bodies)
    phase("move", kick, bodies, 0.5 * TIME_STEP)
    energy = phase("energy", total_energy, bodies)
    worst = math.max(worst, math.abs((energy - first) / first))
end
print(string.format("energy: %.15g\nenergy_drift: %.6e", energy, worst))
phase("output", write_positions, "positions.csv", bodies)
