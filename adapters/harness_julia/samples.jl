# What Julia's Profile library sampled, as stacks in words. Part of profile.jl, which says why there are
# so many loops in it.
const Frame = Base.StackTraces.StackFrame
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

"The words of a sample that are instruction pointers."
function pointers(data, first, last)
    found = UInt64[]
    for i in first:last
        iszero(data[i]) || push!(found, data[i])
    end
    return found
end

# 1.8 and later: thread, task, clock, state and two zeros end each sample. The lookup has no frames of
# these words, so that none of them may be taken for an instruction pointer.
const HAS_STATES = isdefined(Profile, :is_block_end)

fetch_data() = HAS_STATES ? Profile.fetch(include_meta = true) : Profile.fetch()
ends_sample(data, i) = HAS_STATES ? Profile.is_block_end(data, i) : iszero(data[i])
is_awake(data, i) = !HAS_STATES || data[i-Profile.META_OFFSET_SLEEPSTATE] == 1
last_pointer(i) = HAS_STATES ? i - Profile.META_OFFSET_THREADID - 1 : i - 1

"The instruction pointers of each sample, innermost first; idle threads left out."
function samples(data)
    found, start = Vector{UInt64}[], 1
    for i in eachindex(data)
        ends_sample(data, i) || continue
        last = last_pointer(i)
        last >= start && is_awake(data, i) && push!(found, pointers(data, start, last))
        start = i + 1
    end
    return found
end

"The frames of each instruction pointer, the outermost last."
function frames_of(found)
    lookup = Dict{UInt64,Vector{Frame}}()
    for sample in found, pointer in sample
        haskey(lookup, pointer) && continue
        lookup[pointer] = Base.StackTraces.lookup(convert(Ptr{Cvoid}, pointer))
    end
    return lookup
end

plain(words) = replace(replace(string(words), '\t' => ' '), '\n' => ' ')
shown(frame) = string(
    plain(frame.func), SEPARATOR, plain(frame.file), SEPARATOR, string(frame.line), SEPARATOR,
    frame.from_c ? '1' : '0',
)

"""
A sample's frames from the outermost inwards, within the work, each after a tab; C code only where it
is innermost. Nothing where the work is not in it.
"""
function stack(sample, lookup)
    inward, at = Frame[], 0
    for i in length(sample):-1:1
        frames = lookup[sample[i]]
        for j in length(frames):-1:1
            push!(inward, frames[j])
            frames[j].func === :profiled_work && (at = length(inward))
        end
    end
    at == 0 && return ""
    while at + 1 < length(inward) && is_wrapper(inward[at+1])
        at += 1
    end
    while length(inward) > at + 1 && is_primitive(inward[end])
        pop!(inward)
    end
    words = ""
    for i in at+1:length(inward)
        (!inward[i].from_c || i == length(inward)) && (words = string(words, '\t', shown(inward[i])))
    end
    return words
end
