-- Phases of a program's own work, for the harness.
--
--     local phases = require("harness_phases")
--     phases.begin("force")
--     ...
--     phases.finish("force")
--
-- Phases nest and repeat. When HARNESS_PHASES names a file, calls and time of each are appended to
-- it at the end of the program, by os.exit too. Without it the two functions are empty.
local file = os.getenv("HARNESS_PHASES")
if not file then
    local function nothing() end
    return { begin = nothing, finish = nothing }
end

local clock_ns = function() return os.clock() * 1e9 end
local has_ffi, ffi = pcall(require, "ffi")
if has_ffi then
    ffi.cdef([[
        struct harness_timespec { long seconds, nanoseconds; };
        int clock_gettime(int, struct harness_timespec *);
    ]])
    local now, MONOTONIC = ffi.new("struct harness_timespec"), 1
    clock_ns = function()
        ffi.C.clock_gettime(MONOTONIC, now)
        return tonumber(now.seconds) * 1e9 + tonumber(now.nanoseconds)
    end
end

local calls, spent, order, open = {}, {}, {}, {}
local phases = {}

function phases.begin(name)
    local outer = open[#open]
    local path = outer and outer.path .. "/" .. name or name
    open[#open + 1] = { name = name, path = path, at = clock_ns() }
end

function phases.finish(name)
    local now = clock_ns()
    while #open > 0 do -- the end of an outer phase ends the ones within it
        local phase = table.remove(open)
        local path = phase.path
        if not calls[path] then
            order[#order + 1] = path
            calls[path], spent[path] = 0, 0
        end
        calls[path] = calls[path] + 1
        spent[path] = spent[path] + now - phase.at
        if phase.name == name then return end
    end
end

local function write()
    if not file then return end
    while #open > 0 do phases.finish(open[#open].name) end
    local report = io.open(file, "ab")
    file = nil
    if not report or #order == 0 then return end
    local lines = { "harness-phases 1\n" }
    for _, path in ipairs(order) do
        lines[#lines + 1] = string.format("%d\t%.0f\t%s\n", calls[path], spent[path], path)
    end
    report:write(table.concat(lines))
    report:close()
end

local leave = os.exit
os.exit = function(...)
    write()
    leave(...)
end
if newproxy then -- Lua 5.1 and LuaJIT: tables are not told of the end
    phases.at_end = newproxy(true)
    getmetatable(phases.at_end).__gc = write
else
    phases.at_end = setmetatable({}, { __gc = write })
end
return phases
