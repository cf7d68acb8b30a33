-- Site percolation: how clusters of occupied sites grow on random square grids.
--
--     luajit percolation.lua SIDE GRIDS PROBABILITY SEED
--
-- Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
-- from the top row to the bottom row, and the sum of the squares of all clusters' sizes.
local phases = require("harness_phases")
local Generator = require("splitmix")

local function fill(occupied, sites, probability, random)
    for site = 1, sites do
        occupied[site] = random:uniform() < probability
    end
end

-- Gives the label to all sites that are connected to the first one; returns how many.
local function flood(occupied, labels, side, first, label)
    local waiting, count, size = { first }, 1, 0
    local function visit(site)
        if occupied[site] and labels[site] == 0 then
            labels[site] = label
            count = count + 1
            waiting[count] = site
        end
    end
    labels[first] = label
    while count > 0 do
        local site = waiting[count]
        local column = (site - 1) % side
        count = count - 1
        size = size + 1
        visit(site + side) -- beyond the last row and before the first one nothing is occupied
        visit(site - side)
        if column + 1 < side then visit(site + 1) end
        if column > 0 then visit(site - 1) end
    end
    return size
end

-- Labels clusters 1, 2, ... in the order of their first sites; returns the size of each.
local function label_clusters(occupied, labels, side)
    local sizes = {}
    for site = 1, side * side do labels[site] = 0 end
    for site = 1, side * side do
        if occupied[site] and labels[site] == 0 then
            sizes[#sizes + 1] = flood(occupied, labels, side, site, #sizes + 1)
        end
    end
    return sizes
end

-- Does a cluster of the top row reach the bottom row?
local function spans(labels, side)
    local reached = {}
    for site = 1, side do reached[labels[site]] = true end
    for site = side * (side - 1) + 1, side * side do
        if labels[site] ~= 0 and reached[labels[site]] then return true end
    end
    return false
end

local function measure(labels, sizes, side, totals)
    for _, size in ipairs(sizes) do
        totals.occupied = totals.occupied + size
        totals.squares = totals.squares + size * size
        totals.largest = math.max(totals.largest, size)
    end
    totals.clusters = totals.clusters + #sizes
    if spans(labels, side) then totals.spanning = totals.spanning + 1 end
end

if #arg ~= 4 then
    io.stderr:write("usage: luajit percolation.lua SIDE GRIDS PROBABILITY SEED\n")
    os.exit(2)
end
local side, grids, probability = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
local random = Generator.new(tonumber(arg[4]))
local occupied, labels = {}, {}
local totals = { occupied = 0, clusters = 0, largest = 0, spanning = 0, squares = 0 }
for _ = 1, grids do
    phases.begin("fill")
    fill(occupied, side * side, probability, random)
    phases.finish("fill")
    phases.begin("label")
    local sizes = label_clusters(occupied, labels, side)
    phases.finish("label")
    phases.begin("measure")
    measure(labels, sizes, side, totals)
    phases.finish("measure")
end
for _, name in ipairs({ "occupied", "clusters", "largest", "spanning", "squares" }) do
    print(string.format("%s: %.0f", name, totals[name]))
end
