-- The empty program of the floor: it starts, reads the files that it is told once, and ends.
for _, name in ipairs(arg) do
    local file = name == "-" and io.stdin or io.open(name, "rb")
    while file and file:read(65536) do end
end
