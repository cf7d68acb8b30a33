"""
Two calls compared within this process, for the harness: no dependency, Julia 1.5 and later.

    using HarnessCompare

    x = rand(1000)
    blocks = @compare sum(\$x) foldl(+, \$x)
    judge(blocks)

This measures and judges nothing: both are called in turns, in blocks of a random order, in batches
of at least 2 ms, and the times of all blocks go to a file. `judge`, or `harness import FILE`, gives
the verdict by the rules that hold for whole programs. It rests on this one process: one layout of
memory, one state of the heap and of the compiler. Start Julia again for another one.
"""
module HarnessCompare

export @compare, judge

const BATCH_NS = 2_000_000 # a batch takes at least as long
const MOST_BATCH = 1 << 40
const MOST_BLOCKS = 100_000

const COLLECTIONS = (
    before = "an incremental collection before each batch, untimed; the collector is on within it",
    off = "an incremental collection before each batch, untimed; the collector is off within it",
    free = "the collector is left to itself, so that one side may pay for the other's garbage",
)

"What `@compare` can be told."
const OPTIONS = (:setup, :budget, :blocks, :batch, :file, :seed, :gc)

"How a comparison is made."
struct Settings
    file::String
    budget::Float64
    blocks::Int
    batch::Int # executions of a batch, at most; 0: as many as 2 ms want
    seed::UInt64
    gc::Symbol
end

function Settings(;
    file = "compared.json", budget = 2.0, blocks = MOST_BLOCKS, batch = 0, seed = 0, gc = :before
)
    budget isa Real && budget > 0 || throw(ArgumentError("budget: want seconds above 0, got $(repr(budget))"))
    1 <= blocks <= MOST_BLOCKS ||
        throw(ArgumentError("blocks: want from 1 to $MOST_BLOCKS, got $blocks"))
    batch >= 0 || throw(ArgumentError("batch: want 0 or more, got $batch"))
    seed >= 0 || throw(ArgumentError("seed: want 0 (drawn) or more, got $seed"))
    haskey(COLLECTIONS, gc) ||
        throw(ArgumentError("gc: want one of $(join(keys(COLLECTIONS), ", ")), got $gc"))
    # 53 bits: every reader of JSON can say it.
    drawn = seed == 0 ? (time_ns() ⊻ (UInt64(getpid()) << 32)) & 0x1fffffffffffff | 1 : seed
    return Settings(file, budget, blocks, batch, drawn, gc)
end

"One side: what is called, by its name, with what it allocates at each execution."
mutable struct Side{F}
    name::String
    call::F
    batch::Int
    allocations::Int
    bytes::Int
end

"Wall and CPU time of a batch in nanoseconds, and how often the CPU was given up and taken away."
struct Sample
    wall_ns::Int
    cpu_ns::Int
    gave_up::Int
    lost::Int
end

"A block: the samples in the order in which they were taken, each with the place of its side."
const Block = NTuple{2,Tuple{Int,Sample}}

"The blocks of two sides, and the file that they are in."
struct Blocks
    file::String
    sides::Tuple{Side,Side}
    blocks::Vector{Block}
end

function Base.show(io::IO, made::Blocks)
    names = join((side.name for side in made.sides), " and ")
    print(io, length(made.blocks), length(made.blocks) == 1 ? " block of " : " blocks of ", names, " in ", made.file)
    for side in made.sides
        print(io, "\n  ", side.name, ": ", side.allocations, " allocations, ", side.bytes, " bytes")
    end
    print(io, "\n`harness import ", made.file, "` judges them: judge(...) calls it")
end

"""
    judge(blocks; harness = `harness`)

Have the harness put the blocks into its history and say which side is faster.
"""
function judge(made::Blocks; harness = `harness`)
    run(`$harness import $(made.file)`)
    return nothing
end

"""
    @compare reference candidate [option = value ...]

Call both expressions in turns and write their times to a file. `\$x` stands for the value that `x`
has now, passed as an argument, so that no global variable is in the time. Options:

- `setup = (x = rand(10))`: evaluated before each block, untimed; each side gets a copy of its own
- `batch = 1`: at most as many executions in a batch, such as 1 where a side changes what it is given
- `budget = 2.0`: seconds; `blocks`: and at most as many blocks
- `file = "compared.json"`, `seed` of the order
- `gc`: `:before` collects before each batch, untimed, and leaves the collector on within it;
  `:off` turns it off within; `:free` leaves it to itself
"""
macro compare(reference, candidate, options...)
    setup, given = nothing, Expr[]
    for option in options
        option isa Expr && option.head === :(=) && option.args[1] isa Symbol ||
            throw(ArgumentError("@compare: want options such as budget = 2.0, got $option"))
        name = option.args[1]
        known = join(OPTIONS, ", ")
        name in OPTIONS || throw(ArgumentError("@compare: no option $name; there are: $known"))
        if option.args[1] === :setup
            setup = option.args[2]
        else
            push!(given, Expr(:kw, option.args[1], esc(option.args[2])))
        end
    end
    values, sides = Pair{Symbol,Any}[], [lift!(Pair{Symbol,Any}[], s) for s in (reference, candidate)]
    bodies = map(sides) do (body, found)
        append!(values, found)
        body
    end
    made, found = setup === nothing ? (nothing, Pair{Symbol,Any}[]) : lift!(Pair{Symbol,Any}[], setup)
    append!(values, found)
    interpolated = first.(values)
    assigned = setup === nothing ? Symbol[] : assigned_in(made)
    all_names = Expr(:tuple, interpolated..., assigned...)
    prepare = Expr(:->, Expr(:tuple, interpolated...), Expr(:block, made, Expr(:tuple, assigned...)))
    names = names_of(reference, candidate)
    return quote
        compared(
            $(Expr(:tuple, names...)),
            $(Expr(:tuple, (esc(Expr(:->, all_names, body)) for body in bodies)...)),
            $(esc(prepare)),
            $(Expr(:tuple, (esc(last(value)) for value in values)...)),
            Settings(; $(given...)),
        )
    end
end

"An expression with a name in place of each `\$value`, and the names with what they stand for."
function lift!(found, expression)
    expression isa Expr || return expression, found
    if expression.head === :$
        name = gensym(:value)
        push!(found, name => expression.args[1])
        return name, found
    end
    if expression.head in (:quote, :macrocall) && has_dollar(expression)
        hint = "call a function that has it in its body"
        throw(ArgumentError("@compare: no \$ within quotes or macros: $expression ($hint)"))
    end
    return Expr(expression.head, (first(lift!(found, each)) for each in expression.args)...), found
end

has_dollar(e) = e isa Expr && (e.head === :$ || any(has_dollar, e.args))

"The variables that a setup assigns to, in their order."
function assigned_in(setup)
    setup isa Expr || return Symbol[]
    setup.head in (:block, :toplevel) &&
        return unique!(reduce(vcat, map(assigned_in, setup.args); init = Symbol[]))
    setup.head === :(=) || return Symbol[]
    left = setup.args[1]
    left isa Symbol && return [left]
    left isa Expr && left.head === :tuple && all(x -> x isa Symbol, left.args) &&
        return Vector{Symbol}(left.args)
    return Symbol[]
end

function names_of(reference, candidate)
    names = [replace(join(split(string(undollared(e))), ' '), r"#=.*?=# ?" => "")
             for e in (reference, candidate)]
    return names[1] == names[2] ? ["reference", "candidate"] : first.(names, 200)
end

function undollared(e)
    e isa Expr || return e
    e.head === :$ && return undollared(e.args[1])
    return Expr(e.head, map(undollared, e.args)...)
end

function compared(names, calls, prepare, values, settings)
    sides = map((name, call) -> Side(name, call, 1, 0, 0), names, calls)
    given() = (values..., prepare(values...)...)
    foreach(side -> grow!(side, given, settings), sides)
    blocks = Block[]
    state = Ref(settings.seed)
    foreach(_ -> draw!(state), 1:8)
    began = time_ns()
    while isempty(blocks) || (
        length(blocks) < settings.blocks && (time_ns() - began) / 1e9 < settings.budget
    )
        shared = given()
        first_side = draw!(state) >> 63 == 0 ? (1, 2) : (2, 1)
        push!(blocks, map(at -> (at, sample(sides[at], copied(shared, prepare, values), settings)), first_side))
    end
    write_file(settings, sides, blocks)
    return Blocks(settings.file, sides, blocks)
end

"The arguments of one side: those of the setup are its own, and may be changed."
function copied(shared, prepare, values)
    count = length(values)
    return (values..., map(deepcopy, shared[(count + 1):end])...)
end

"Find how many executions a batch has, and what one of them allocates."
function grow!(side, given, settings)
    timed(side.call, given(), 1) # compiles
    side.allocations, side.bytes = allocated(side.call, given())
    most = settings.batch == 0 ? MOST_BATCH : settings.batch
    # Twice over: one of a few calls may have waited for the CPU.
    while side.batch <= most ÷ 2 &&
          any(_ -> sample(side, given(), settings).wall_ns < BATCH_NS, 1:2)
        side.batch *= 2
    end
    return side
end

function sample(side, arguments, settings)
    settings.gc === :free || GC.gc(false)
    was_on = GC.enable(settings.gc !== :off)
    try
        return timed(side.call, arguments, side.batch)
    finally
        GC.enable(was_on)
    end
end

@noinline function timed(call::F, arguments::A, batch) where {F,A}
    switches = switch_counts()
    cpu = cpu_ns()
    wall = time_ns()
    repeat_call(call, arguments, batch)
    wall = Int(time_ns() - wall)
    cpu = cpu < 0 ? -1 : cpu_ns() - cpu
    gave_up, lost = switch_counts() .- switches
    return Sample(max(wall, 1), cpu, gave_up, lost)
end

@noinline function repeat_call(call::F, arguments::A, batch) where {F,A}
    for _ in 1:batch
        keep(once(call, arguments))
    end
    return nothing
end

# Never inlined, so that no execution is hoisted out of the loop; and used, so that none is left out.
@noinline once(call::F, arguments::A) where {F,A} = call(arguments...)

@static if isdefined(Base, :donotdelete)
    @inline keep(value) = (Base.donotdelete(value); nothing)
else
    # Before 1.8 a call is left out only where its value is known beforehand; the loop stays.
    @inline keep(value) =
        Base.llvmcall("call void asm sideeffect \"\", \"~{memory}\"()\nret void", Cvoid, Tuple{})
end

function allocated(call::F, arguments::A) where {F,A}
    before = Base.gc_num()
    repeat_call(call, arguments, 1)
    difference = Base.GC_Diff(Base.gc_num(), before)
    return Int(Base.gc_alloc_count(difference)), Int(difference.allocd)
end

const CPU_CLOCK = Sys.islinux() ? 2 : Sys.isapple() ? 12 : -1 # CLOCK_PROCESS_CPUTIME_ID

function cpu_ns()
    CPU_CLOCK < 0 && return -1
    now = Ref((0, 0))
    ccall(:clock_gettime, Cint, (Cint, Ptr{Cvoid}), CPU_CLOCK, now) == 0 || return -1
    return now[][1] * 1_000_000_000 + now[][2]
end

"How often this process gave up the CPU, and how often it was taken away: of getrusage."
function switch_counts()
    Sys.islinux() && Sys.WORD_SIZE == 64 || return (0, 0)
    usage = Ref(ntuple(_ -> 0, 18)) # struct rusage: 18 words, these two the last ones
    ccall(:getrusage, Cint, (Cint, Ptr{Cvoid}), 0, usage) == 0 || return (0, 0)
    return (usage[][17], usage[][18])
end

"xorshift64* (Vigna, 2016)."
function draw!(state)
    x = state[]
    x ⊻= x >> 12
    x ⊻= x << 25
    x ⊻= x >> 27
    state[] = x
    return x * 0x2545f4914f6cdd1d
end

function write_file(settings, sides, blocks)
    part = settings.file * ".part"
    open(part, "w") do io
        print(io, "{\"harness_blocks\": 1, \"made_by\": \"HarnessCompare\", \"language\": \"Julia\",\n")
        print(io, " \"made_at_ns\": ", round(Int, time() * 1e6) * 1000, ", \"seed\": ", settings.seed)
        print(io, ", \"hostname\": ", quoted(gethostname()), ",\n \"notes\": {\"julia\": ")
        print(io, quoted(string(VERSION)), ", \"gc\": ", quoted(COLLECTIONS[settings.gc]), "},\n")
        print(io, " \"functions\": [")
        for (at, side) in enumerate(sides)
            print(io, at == 1 ? "\n  " : ",\n  ", "{\"name\": ", quoted(side.name), ", \"batch\": ")
            print(io, side.batch, ", \"metrics\": {\"allocations\": ", side.allocations)
            print(io, ", \"allocated_bytes\": ", side.bytes, "}}")
        end
        print(io, "],\n \"blocks\": [")
        for (number, block) in enumerate(blocks)
            samples = ("[$(at - 1), $(s.wall_ns), $(s.cpu_ns), $(s.gave_up), $(s.lost)]" for (at, s) in block)
            print(io, number == 1 ? "\n  [" : ",\n  [", join(samples, ", "), "]")
        end
        print(io, "]}\n")
    end
    mv(part, settings.file; force = true)
    return nothing
end

"A text of JSON."
function quoted(text)
    io = IOBuffer()
    print(io, '"')
    for letter in text
        if letter in ('"', '\\') || letter < ' '
            print(io, "\\u", lpad(string(UInt32(letter); base = 16), 4, '0'))
        else
            print(io, letter)
        end
    end
    print(io, '"')
    return String(take!(io))
end

end
