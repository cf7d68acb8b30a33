-- Parses the source that it is given, and says where it does not parse.
local loaded, problem = loadfile(arg[1])
if not loaded then
    io.stderr:write(problem, "\n")
    os.exit(1)
end
