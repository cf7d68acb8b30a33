# The profiling driver of Julia: runs a program's work once to compile it, then again under the
# sampling profiler, or with its allocations counted. The work is what the steady driver would
# repeat; a script without any function `main` is included anew each time, which compiles it again.
#
#     profile.jl OUT plain|time|memory DELAY FILE ENTRY ARGUMENT...
#
# Short work is repeated until there are enough samples. OUT gets lines of `key TAB value` and of `stack TAB count TAB frame TAB frame...`,
# outermost frame first; a frame is function, file, line and 1 for C code, joined by '\x1f'.
const HARNESS_PROFILING = true
include(joinpath(@__DIR__, "driver.jl"))

module HarnessProfile

using Profile
import ..HarnessSteadyDriver

const ENOUGH_SAMPLES = 300
const LONGEST_S = 3.0
const MOST_PLAIN = 50
const BUFFER = 2 * 10^7
const SEPARATOR = '\x1f'

# Arithmetic and indexing of Base, which the compiler turns into single instructions: where these are
# inlined and innermost, the time is their caller's.
const PRIMITIVE_FILES = Set((
    "float.jl", "int.jl", "bool.jl", "operators.jl", "promotion.jl", "number.jl", "boot.jl",
    "pointer.jl", "tuple.jl", "range.jl", "essentials.jl", "simdloop.jl",
))
const PRIMITIVE_CALLS = (:getindex, :setindex!, :iterate, :length, :size, :checkbounds)

is_primitive(frame) =
    frame.inlined &&
    (basename(string(frame.file)) in PRIMITIVE_FILES || frame.func in PRIMITIVE_CALLS)

is_wrapper(frame) = frame.from_c || basename(string(frame.file)) == "none" # what load() made

# The frame that marks where the program's own stack begins.
@noinline function profiled_work(work, given)
    append!(empty!(ARGS), given)
    work()
    return nothing
end

"The CPU time of this process so far, in ns: other programs do not disturb it."
cpu_ns() = Int(ccall(:clock, Clong, ())) * 1000

"The CPU time of all children that have ended, and of theirs, in ns."
function children_ns()
    used = zeros(Clong, 18) # struct rusage begins with two times of seconds and microseconds
    ccall(:getrusage, Cint, (Cint, Ptr{Clong}), -1, used)
    return Int(used[1] + used[3]) * 10^9 + Int(used[2] + used[4]) * 1000
end

function timed(work, given)
    began = cpu_ns()
    profiled_work(work, given)
    flush(stdout)
    return cpu_ns() - began
end

"Mean CPU time of the warm work without the profiler, and of the programs that it starts: of one
time, or of half a second where it is short."
function plain_times(work, given)
    took, times, before = 0, 0, children_ns()
    while times == 0 || (took < 500_000_000 && times < MOST_PLAIN)
        took += timed(work, given)
        times += 1
    end
    return took ÷ times, (children_ns() - before) ÷ times
end

"The instruction pointers of each sample, innermost first; idle threads left out."
function samples(data)
    found = Vector{UInt64}[]
    start = 1
    # 1.8 and later: thread, task, clock, state and two zeros end each sample. The lookup has no frames
    # of these words, so that none of them may be taken for an instruction pointer.
    if isdefined(Profile, :is_block_end)
        for i in eachindex(data)
            Profile.is_block_end(data, i) || continue
            last = i - Profile.META_OFFSET_THREADID - 1
            awake = data[i - Profile.META_OFFSET_SLEEPSTATE] == 1
            awake && push!(found, filter(!iszero, data[start:last]))
            start = i + 1
        end
    else
        for i in eachindex(data)
            data[i] == 0 || continue
            i > start && push!(found, data[start:i-1])
            start = i + 1
        end
    end
    return found
end

plain(words) = replace(replace(string(words), '\t' => ' '), '\n' => ' ')
shown(frame) = join((plain(frame.func), plain(frame.file), frame.line, Int(frame.from_c)), SEPARATOR)

"A sample's frames from the outermost inwards, within the work; C code only where it is innermost."
function stack(pointers, lookup)
    inward = Base.StackTraces.StackFrame[]
    for pointer in reverse(pointers)
        haskey(lookup, pointer) && append!(inward, reverse(lookup[pointer]))
    end
    at = findlast(frame -> frame.func === :profiled_work, inward)
    at === nothing && return nothing
    while at + 1 < length(inward) && is_wrapper(inward[at+1])
        at += 1
    end
    while length(inward) > at + 1 && is_primitive(inward[end])
        pop!(inward)
    end
    last = length(inward)
    return [shown(inward[i]) for i in at+1:last if !inward[i].from_c || i == last]
end

function report_stacks(io)
    data = isdefined(Profile, :is_block_end) ? Profile.fetch(include_meta = true) : Profile.fetch()
    found = samples(data)
    lookup = Profile.getdict(data)
    counts = Dict{String,Int}()
    for pointers in found
        frames = stack(pointers, lookup)
        (frames === nothing || isempty(frames)) && continue
        key = join(frames, '\t')
        counts[key] = get(counts, key, 0) + 1
    end
    for (key, count) in counts
        println(io, "stack\t", count, '\t', key)
    end
    println(io, "full\t", Int(Profile.len_data() == Profile.maxlen_data()))
    return sum(values(counts))
end

function count_samples()
    data = Profile.fetch()
    return count(iszero, data)
end

function profile_time(io, work, given, delay)
    Profile.init(n = BUFFER, delay = delay)
    Profile.clear()
    began, repeats, batch, took_ns = time(), 0, 1, 0
    while true
        Profile.start_timer()
        try
            for _ in 1:batch
                took_ns += timed(work, given)
            end
        finally
            Profile.stop_timer()
        end
        repeats += batch
        batch = repeats # short work is repeated twice as often each time
        (count_samples() >= ENOUGH_SAMPLES || time() - began > LONGEST_S) && break
    end
    println(io, "work_ns\t", took_ns ÷ repeats)
    println(io, "repeats\t", repeats)
    report_stacks(io)
end

"The work of a script that has no `main`: all of it, in a module of its own each time."
function whole(path)
    return function ()
        space = Module(:Main)
        Core.eval(space, :(include(path) = Base.include($space, path)))
        Base.include(space, path)
    end
end

has_start(path) = occursin(r"\bmain\b|PROGRAM_FILE|isinteractive", read(path, String))

function start(out, kind, delay, path, entry, given)
    append!(empty!(ARGS), given)
    delete!(ENV, "HARNESS_STEADY")
    loads = !isempty(entry) || has_start(path)
    work = loads ? HarnessSteadyDriver.load(path, entry) : whole(path)
    open(out * ".part", "w") do io
        println(io, "first_ns\t", Base.invokelatest(timed, work, given))
        plain, children = Base.invokelatest(plain_times, work, given)
        println(io, "plain_ns\t", plain)
        println(io, "children_ns\t", children)
        if kind == "plain"
            println(io, "work_ns\t", 0)
        elseif kind == "memory"
            Profile.clear_malloc_data()
            println(io, "work_ns\t", Base.invokelatest(timed, work, given))
        else
            Base.invokelatest(profile_time, io, work, given, delay)
        end
    end
    mv(out * ".part", out; force = true)
    exit(0)
end

end

HarnessProfile.start(ARGS[1], ARGS[2], parse(Float64, ARGS[3]), ARGS[4], ARGS[5], ARGS[6:end])
