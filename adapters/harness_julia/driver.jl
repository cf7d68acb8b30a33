# The steady driver of Julia: repeats a program's work in one process on the harness's word.
#
#     driver.jl FILE ENTRY ARGUMENT...
#
# The file is included once, without what starts it: calls of `main` at top level, and the branch that
# a test of PROGRAM_FILE or isinteractive() chooses in a program (`if`, `else`, `? :`, `&&`, `||`). Its
# work is the function ENTRY where one is named; else what was left out; else a function `main`; else
# all that stands at top level from the first call of a function of the program's own on. A function is
# called without arguments if it can be, else with ARGS.
#
# HARNESS_STEADY="<read_fd>,<write_fd>" names two pipes. The driver says `r` when it is ready, then
# reads one byte at a time: 0 to 40 asks for 2^k executions, 0xFE for none (it measures the
# handshake); both are answered by `d`. 0xFF, or the end of the pipe, asks it to end. Standard
# output is rewound after each answer, never within the timed window, and cut at the end: the file
# holds what the last word printed. Standard input, where it is a file, is read from its beginning
# by every execution. Without HARNESS_STEADY the work is done once.
module HarnessSteadyDriver

const MOST_DOUBLINGS = 40
const NO_WORK = 0xFE
const FINISH = 0xFF
const WORK = Ref{Any}(nothing)
const WORKING = Ref(false)
const HAS_INPUT = Ref(false)
const SEEK_SET, SEEK_CUR = 0, 1
const F_SETFD, FD_CLOEXEC = 2, 1

fail(words) = (println(stderr, "harness steady driver: ", words); exit(70))

mentions(ex, names) = ex in names || (ex isa Expr && any(a -> mentions(a, names), ex.args))

"`main` of `main` and of `Some.Module.main`."
last_name(ex) = ex isa Expr && ex.head === :. && ex.args[2] isa QuoteNode ? ex.args[2].value : ex

"Is it an expression that chooses by whether the file is run as a program?"
is_guard(ex) = ex isa Expr && ex.head in (:if, :elseif, :&&, :||) &&
    mentions(ex.args[1], (:PROGRAM_FILE, :isinteractive))

is_start(ex, entry) =
    is_guard(ex) || (ex isa Expr && ex.head === :call && last_name(ex.args[1]) in (:main, entry))

"The branch that the guard chooses when the file is run as a program; nothing where it has none."
function chosen(ex)
    holds = Core.eval(Main, ex.args[1])
    ex.head === :|| && return holds ? nothing : ex.args[2]
    holds && return ex.args[2]
    otherwise = length(ex.args) > 2 ? ex.args[3] : nothing
    return otherwise isa Expr && otherwise.head === :elseif ? chosen(otherwise) : otherwise
end

const DEFINITIONS = (
    :function, :macro, :struct, :abstract, :primitive, :module, :const, :using, :import, :export,
    :global, :toplevel,
)

"Does it define something, rather than do something?"
function is_definition(ex)
    ex isa Expr || return true
    ex.head in DEFINITIONS && return true
    if ex.head === :macrocall # @inline f(x) = ..., @everywhere using ..., a documented function
        return any(is_definition, filter(arg -> arg isa Expr, ex.args[2:end]))
    end
    signature = ex.head === :(=) ? ex.args[1] : nothing
    while signature isa Expr && signature.head in (:where, :(::))
        signature = signature.args[1]
    end
    return signature isa Expr && signature.head === :call
end

"The name of what a definition defines as a function, or nothing."
function defined_name(ex)
    ex isa Expr || return nothing
    ex.head === :macrocall && return defined_name(ex.args[end])
    ex.head in (:function, :(=)) || return nothing
    signature = ex.args[1]
    while signature isa Expr && signature.head in (:where, :(::))
        signature = signature.args[1]
    end
    return signature isa Expr && signature.head === :call ? signature.args[1] : nothing
end

"Does it call a function of the program's own, which has been defined by now?"
function calls_own(ex)
    ex isa Expr || return false
    if ex.head === :call && ex.args[1] isa Symbol && isdefined(Main, ex.args[1])
        own = Core.eval(Main, ex.args[1])
        (own isa Function && parentmodule(own) === Main) && return true
    end
    return any(calls_own, ex.args)
end

"The names that statements at top level assign: they are the program's globals."
function assigned(ex)::Vector{Symbol}
    ex isa Expr || return Symbol[]
    ex.head === :block && return all_assigned(ex.args)
    updates = ex.head === :(=) || endswith(string(ex.head), "=") && ex.head !== :(==)
    updates || return Symbol[]
    names = ex.args[1]
    names isa Symbol && return [names]
    return names isa Expr && names.head === :tuple ? [n for n in names.args if n isa Symbol] : Symbol[]
end

"The names that any of the statements assign. Julia takes 0.2 s to compile `reduce(vcat, ...)`."
function all_assigned(several)
    found = Symbol[]
    for ex in several
        append!(found, assigned(ex))
    end
    return unique(found)
end

"The statements at top level of a file."
function statements(path)
    text, found, position = read(path, String), Any[], 1
    while position <= ncodeunits(text)
        statement, position = Meta.parse(text, position; raise = false)
        push!(found, statement)
    end
    return found
end

"The blocks as a function. Its value is made of theirs: what nobody wants may be compiled away."
function as_function(path, blocks)
    globals = all_assigned(blocks)
    declared = isempty(globals) ? nothing : Expr(:global, globals...)
    values = map(b -> b isa Expr && b.head === :block ? b : Expr(:block, b), blocks)
    try
        return Core.eval(Main, Expr(:function, Expr(:tuple), Expr(:block, declared, Expr(:tuple, values...))))
    catch problem
        # The advice comes first: a long path or problem is cut in the middle where it is shown.
        fail("what starts $(basename(path)) cannot be repeated: put the work into a function " *
             "`main`, or name a function as `entry` ($(sprint(showerror, problem)))")
    end
end

"Include the program's definitions into Main and return its work as a function."
function load(path, entry)
    Core.eval(Base, :(PROGRAM_FILE = $path)) # what the program compares its own file with
    inner = statements(path)
    has_start = !isempty(entry) || any(ex -> is_start(ex, :main) || defined_name(ex) === :main, inner)
    blocks = Any[]
    Base.include(Main, path) do ex
        if is_start(ex, Symbol(entry))
            block = is_guard(ex) ? Base.invokelatest(chosen, ex) : ex
        elseif has_start || is_definition(ex)
            return ex
        else
            isempty(blocks) && !Base.invokelatest(calls_own, ex) && return ex
            block = ex
        end
        block === nothing || push!(blocks, block)
        return nothing
    end
    isempty(entry) && !isempty(blocks) && return as_function(path, blocks)
    name = Symbol(isempty(entry) ? "main" : entry)
    Base.invokelatest(isdefined, Main, name) || fail(
        "$path has no function $name" *
        (isempty(entry) ? ", and calls no function of its own at top level" : "") *
        ": put the work into one, or name another as `entry`",
    )
    work = Core.eval(Main, name)
    return hasmethod(work, Tuple{}) ? work : () -> work(ARGS)
end

"Which CPUs the main thread may run on: into `mask`, or from it. False where that fails."
get_cpus!(mask) =
    ccall(:sched_getaffinity, Cint, (Cint, Csize_t, Ptr{UInt8}), 0, length(mask), mask) == 0
set_cpus(mask) =
    ccall(:sched_setaffinity, Cint, (Cint, Csize_t, Ptr{UInt8}), 0, length(mask), mask) == 0

"""
One byte from the harness. While it waits, the driver stays where it is: woken by a harness on the
same CPU, it would be sent to an idle one, which takes 30 us to get going. The work may run wherever
it likes.
"""
function next_word(fd, buffer, everywhere, here)
    cpu = ccall(:sched_getcpu, Cint, ())
    stays = 0 <= cpu < 8 * length(here) && get_cpus!(everywhere)
    if stays
        fill!(here, 0x00)[cpu >> 3 + 1] = 0x01 << (cpu & 7)
        stays = set_cpus(here)
    end
    word = next_byte(fd, buffer)
    stays && set_cpus(everywhere)
    return word
end

function next_byte(fd, buffer)
    while true
        got = ccall(:read, Cssize_t, (Cint, Ptr{UInt8}, Csize_t), fd, buffer, 1)
        got == 1 && return buffer[1]
        got < 0 && Libc.errno() == Libc.EINTR && continue
        return FINISH
    end
end

function answer(fd, letter)
    word = UInt8[letter]
    ccall(:write, Cssize_t, (Cint, Ptr{UInt8}, Csize_t), fd, word, 1) == 1 ||
        fail("the harness does not listen any more")
end

"Move standard output; negative where it is no regular file."
position(offset, whence) = ccall(:lseek, Int64, (Cint, Int64, Cint), 1, offset, whence)

"Do the work once. Julia cannot see through WORK: it neither folds the call nor leaves it out."
function execute(given)
    append!(empty!(ARGS), given)
    HAS_INPUT[] && seekstart(stdin)
    WORKING[] = true
    try
        WORK[]()
    finally
        WORKING[] = false # also after an error, but not after exit()
    end
end

function execute(given, times)
    try
        for _ in 1:times
            execute(given)
        end
    catch problem
        Base.invokelatest(Base.display_error, problem, catch_backtrace())
        println(stderr, "harness steady driver: the work failed: ", sprint(showerror, problem))
        exit(1)
    end
    flush(stdout)
    Libc.flush_cstdio()
end

function serve(given, from_harness, to_harness)
    buffer, everywhere, here = zeros(UInt8, 1), zeros(UInt8, 128), zeros(UInt8, 128)
    flush(stdout) # what was printed before the work stays
    first = last = position(0, SEEK_CUR)
    answer(to_harness, 'r')
    while true
        word = next_word(from_harness, buffer, everywhere, here)
        word == FINISH && break
        if word == NO_WORK
            answer(to_harness, 'd')
            continue
        end
        word <= MOST_DOUBLINGS || fail("unknown word $word from the harness")
        execute(given, 1 << word)
        answer(to_harness, 'd')
        last = position(0, SEEK_CUR)
        position(first, SEEK_SET)
    end
    if last >= 0
        position(last, SEEK_SET)
        ccall(:ftruncate, Cint, (Cint, Int64), 1, last)
    end
end

function at_exit()
    WORKING[] || return
    println(stderr, "harness steady driver: the work ended the process; it must return")
    flush(stderr)
    ccall(:_exit, Cvoid, (Cint,), 70)
end

function start(path, entry, given)
    pipes = pop!(ENV, "HARNESS_STEADY", nothing)
    append!(empty!(ARGS), given)
    WORK[] = load(path, entry)
    HAS_INPUT[] = isfile(stat(RawFD(0))) && filesize(stat(RawFD(0))) > 0
    if pipes === nothing
        Base.invokelatest(execute, given, 1)
    else
        from_harness, to_harness = parse.(Cint, split(pipes, ','))
        for fd in (from_harness, to_harness)
            ccall(:fcntl, Cint, (Cint, Cint, Cint...), fd, F_SETFD, FD_CLOEXEC)
        end
        atexit(at_exit)
        Base.invokelatest(serve, given, from_harness, to_harness)
    end
    exit(0) # before Julia 1.11 and later call a `main` marked by @main on their own
end

end

# The profiling driver loads this file for its way of finding a program's work.
@isdefined(HARNESS_PROFILING) || HarnessSteadyDriver.start(ARGS[1], ARGS[2], ARGS[3:end])
