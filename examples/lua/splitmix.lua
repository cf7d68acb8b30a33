-- splitmix64 (Steele, Lea and Flood 2014), with the 64-bit numbers of LuaJIT.
local bit, ffi = require("bit"), require("ffi")
local bxor, rshift = bit.bxor, bit.rshift

local Generator = {}
Generator.__index = Generator

-- From a whole number below 2^53, which is as far as Lua's numbers are exact.
function Generator.new(seed)
    return setmetatable({ state = ffi.cast("uint64_t", seed) }, Generator)
end

-- A number from 0 up to but not including 1.
function Generator:uniform()
    self.state = self.state + 0x9E3779B97F4A7C15ULL
    local z = self.state
    z = bxor(z, rshift(z, 30)) * 0xBF58476D1CE4E5B9ULL
    z = bxor(z, rshift(z, 27)) * 0x94D049BB133111EBULL
    return tonumber(rshift(bxor(z, rshift(z, 31)), 11)) * 2 ^ -53
end

return Generator
