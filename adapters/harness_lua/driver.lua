-- The steady driver of Lua (LuaJIT): repeats a program's work in one process on the harness's word.
--
--     driver.lua SOURCE ENTRY ARGUMENT...
--
-- The work is the source itself, executed anew in globals of its own; or the function ENTRY of it,
-- which is called with the arguments. docs/steady.md says what the words on the pipes mean.
local ffi = require("ffi")
ffi.cdef([[
    long read(int, void *, unsigned long);
    long write(int, const void *, unsigned long);
    long lseek(int, long, int);
    int ftruncate(int, long);
    int unsetenv(const char *);
    int fcntl(int, int, ...);
    void _exit(int);
]])
local SEEK_SET, SEEK_CUR, SEEK_END, CLOSE_ON_EXEC = 0, 1, 2, 1
local MOST_DOUBLINGS, NO_WORK, FINISH = 40, 0xFE, 0xFF

local function die(what)
    io.stderr:write("harness steady driver: ", what, "\n")
    io.stderr:flush()
    ffi.C._exit(70)
end

local source, entry = arg[1], arg[2]
local words = { [0] = source, unpack(arg, 3) }
local chunk, problem = loadfile(source)
if not chunk then die(problem) end

local leave, working = os.exit, false
os.exit = function(...)
    if working then die("the work called os.exit(); in steady mode it must return") end
    leave(...)
end

local function fresh_words()
    arg = { [0] = words[0], unpack(words) }
    return unpack(words)
end

local work
if entry ~= "" then
    fresh_words()
    chunk(unpack(words))
    work = _G[entry]
    if type(work) ~= "function" then die("there is no function " .. entry .. " in " .. source) end
else
    work = function(...)
        setfenv(chunk, setmetatable({ arg = arg }, { __index = _G }))
        chunk(...)
    end
end

local function execute(has_input)
    if has_input then io.stdin:seek("set", 0) end
    working = true
    work(fresh_words())
    working = false
end

local pipes = os.getenv("HARNESS_STEADY")
if not pipes then
    execute(false)
    return
end
ffi.C.unsetenv("HARNESS_STEADY")
local from, to = pipes:match("^(%d+),(%d+)$")
from, to = tonumber(from), tonumber(to)
if not from then die("HARNESS_STEADY is malformed") end
ffi.C.fcntl(from, 2, ffi.cast("int", CLOSE_ON_EXEC))
ffi.C.fcntl(to, 2, ffi.cast("int", CLOSE_ON_EXEC))

local size = tonumber(ffi.C.lseek(0, 0, SEEK_END))
local has_input = size ~= nil and size > 0
local word = ffi.new("unsigned char[1]")
local function answer(letter)
    if ffi.C.write(to, letter, 1) ~= 1 then die("the harness does not listen any more") end
end

io.stdout:flush()
local begin = tonumber(ffi.C.lseek(1, 0, SEEK_CUR))
local ended = begin
answer("r")
while ffi.C.read(from, word, 1) == 1 and word[0] ~= FINISH do
    if word[0] == NO_WORK then
        answer("d")
    elseif word[0] > MOST_DOUBLINGS then
        die("unknown word from the harness")
    else
        for _ = 1, 2 ^ word[0] do execute(has_input) end
        io.stdout:flush()
        answer("d")
        ended = tonumber(ffi.C.lseek(1, 0, SEEK_CUR))
        ffi.C.lseek(1, begin, SEEK_SET)
    end
end
if ended >= 0 then
    ffi.C.lseek(1, ended, SEEK_SET)
    ffi.C.ftruncate(1, ended)
end
