# The profiling driver of Julia: runs a program's work once to compile it, then again under the
# sampling profiler, or with its allocations counted. The work is what the steady driver would
# repeat; a script without any function `main` is included anew each time, which compiles it again.
#
#     profile.jl OUT plain|time|memory DELAY FILE ENTRY ARGUMENT...
#
# Short work is repeated until there are enough samples. OUT gets lines of `key TAB value` and of
# `stack TAB count TAB frame TAB frame...`, outermost frame first; a frame is function, file, line and 1
# for C code, joined by '\x1f'.
#
# Each start of this file compiles all of it. So it is written in loops: comprehensions with a
# condition, `reduce`, closures and tuples of several types take Julia a tenth of a second each.
const HARNESS_PROFILING = true
include(joinpath(@__DIR__, "driver.jl"))

module HarnessProfile

using Profile
import ..HarnessSteadyDriver

const ENOUGH_SAMPLES = 300
const LONGEST_S = 3.0
const ENOUGH_PLAIN_NS = 200_000_000
const MOST_PLAIN = 50
const BUFFER = 2 * 10^7

include("samples.jl")

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
time, or of several where it is short."
function plain_times(work, given)
    took, times, before = 0, 0, children_ns()
    while times == 0 || (took < ENOUGH_PLAIN_NS && times < MOST_PLAIN)
        took += timed(work, given)
        times += 1
    end
    return took ÷ times, (children_ns() - before) ÷ times
end

say(io, key, value) = (write(io, string(key, '\t', string(value), '\n')); nothing)

function report_stacks(io)
    found = samples(fetch_data())
    lookup = frames_of(found)
    counts = Dict{String,Int}()
    for sample in found
        words = stack(sample, lookup)
        isempty(words) || (counts[words] = get(counts, words, 0) + 1)
    end
    for (words, count) in counts
        write(io, string("stack\t", string(count), words, '\n'))
    end
    say(io, "full", Int(Profile.len_data() == Profile.maxlen_data()))
end

function count_samples()
    data, count = fetch_data(), 0
    for i in eachindex(data)
        count += ends_sample(data, i)
    end
    return count
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
        spent = time() - began
        (count_samples() >= ENOUGH_SAMPLES || spent > LONGEST_S) && break
        # Short work is repeated twice as often each time, as far as the time goes.
        batch = clamp(floor(Int, (LONGEST_S - spent) * repeats / spent), 1, repeats)
    end
    say(io, "work_ns", took_ns ÷ repeats)
    say(io, "repeats", repeats)
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

"All that is asked for of the work; compiled when the work is known."
function measure(io, kind, work, given, delay)
    say(io, "first_ns", timed(work, given))
    plain, children = plain_times(work, given)
    say(io, "plain_ns", plain)
    say(io, "children_ns", children)
    if kind == "plain"
        say(io, "work_ns", 0)
    elseif kind == "memory"
        Profile.clear_malloc_data()
        say(io, "work_ns", timed(work, given))
    else
        profile_time(io, work, given, delay)
    end
end

function start(out, kind, delay, path, entry, given)
    append!(empty!(ARGS), given)
    delete!(ENV, "HARNESS_STEADY")
    loads = !isempty(entry) || has_start(path)
    work = loads ? HarnessSteadyDriver.load(path, entry) : whole(path)
    io = open(out * ".part", "w")
    Base.invokelatest(measure, io, kind, work, given, delay)
    close(io)
    mv(out * ".part", out; force = true)
    exit(0)
end

end

HarnessProfile.start(ARGS[1], ARGS[2], parse(Float64, ARGS[3]), ARGS[4], ARGS[5], ARGS[6:end])
