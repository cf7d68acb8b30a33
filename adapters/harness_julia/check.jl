# Parses files and says `file:line: error` for the first that does not parse; then loads the
# markers, so that they are compiled before anything is timed.

parse_file(path) =
    isdefined(Meta, :parseall) ? Meta.parseall(read(path, String); filename = path) :
    Base.parse_input_line(read(path, String); filename = path)

is_error(ex) = ex isa Expr && (ex.head === :error || ex.head === :incomplete)

function first_error(ex)
    is_error(ex) && return (1, ex)
    line = 1
    ex isa Expr && ex.head === :toplevel || return nothing
    for part in ex.args
        part isa LineNumberNode && (line = part.line)
        is_error(part) && return (line, part)
    end
    return nothing
end

for path in ARGS
    found = try
        first_error(parse_file(path))
    catch problem
        (1, Expr(:error, sprint(showerror, problem)))
    end
    found === nothing && continue
    line, problem = found
    reason = isempty(problem.args) ? "syntax error" : problem.args[1]
    words = reason isa Exception ? sprint(showerror, reason) : string(reason)
    println(stderr, path, ":", line, ": ", words)
    exit(1)
end

using HarnessPhases
