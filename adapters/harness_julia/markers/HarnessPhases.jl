"""
Phases of a program's own work, for the harness: one file, no dependency, Julia 1.5 and later.

    using HarnessPhases

    @phase "force" begin
        ...
    end
    energy = @phase "energy" total_energy(bodies)

Phases nest and repeat; every task has its own. Names carry no `/`. When the environment variable
HARNESS_PHASES names a file, the calls and the total time of each phase are appended to it when the
program exits normally. When it does not, a phase costs one test and an empty `try`.
"""
module HarnessPhases

export @phase

const DEPTH = 64 # phases nested deeper are counted to the one around them

"One phase at one place of one task's tree; the root is its own parent."
mutable struct Node
    name::String
    parent::Node
    children::Vector{Node}
    recent::Union{Nothing,Node} # the child that was entered last: the likely next one
    depth::Int
    calls::Int
    began_ns::UInt64
    total_ns::UInt64
    Node() = (root = new(""); root.parent = root; reset!(root, 0))
    Node(name, parent) = reset!(new(name, parent), parent.depth + 1)
end

function reset!(node, depth)
    node.children = Node[]
    node.recent = nothing
    node.depth = depth
    node.calls = 0
    node.began_ns = node.total_ns = 0
    return node
end

"Where one task is in its tree."
mutable struct Place
    task::Union{Nothing,Task}
    node::Node
end

const ON = Ref(false)
const SLOTS = Place[]  # by thread: the place of the task that used it last
const PLACES = Place[] # of all tasks, for the report
const PLACES_LOCK = ReentrantLock()

"""
    @phase name expression

The value of `expression`, timed under `name` when the harness asks for phases.
"""
macro phase(name, expression)
    quote
        local node = ON[] ? enter(String($(esc(name)))) : nothing
        try
            $(esc(expression))
        finally
            node === nothing || leave(node)
        end
    end
end

@inline function place()
    thread = Threads.threadid()
    if thread <= length(SLOTS)
        slot = @inbounds SLOTS[thread]
        slot.task === current_task() && return slot
    end
    return find_place(thread)
end

@noinline function find_place(thread)
    task = current_task()
    mine = get!(task_local_storage(), :HarnessPhases) do
        fresh = Place(task, Node())
        lock(() -> push!(PLACES, fresh), PLACES_LOCK)
        fresh
    end::Place
    thread <= length(SLOTS) && (SLOTS[thread] = mine)
    return mine
end

function enter(name::String)
    mine = place()
    parent = mine.node
    node = parent.recent
    if node === nothing || node.name !== name
        node = child(parent, name)
    end
    mine.node = node
    node.began_ns = time_ns()
    return node
end

@noinline function child(parent, name)
    for node in parent.children
        node.name == name && return (parent.recent = node)
    end
    node = Node(name, parent)
    if parent.depth < DEPTH # a deeper one hangs from its parent, but nobody reports it
        push!(parent.children, node)
        parent.recent = node
    end
    return node
end

function leave(node::Node)
    node.total_ns += time_ns() - node.began_ns
    node.calls += 1
    place().node = node.parent
    return nothing
end

"End the phases that the current task is in: exit() was called within them."
function leave_all()
    while (node = place().node) !== node.parent
        leave(node)
    end
end

function report(io, node, path)
    for inner in node.children
        name = join(split(inner.name), ' ')
        full = isempty(path) ? name : string(path, '/', name)
        inner.calls > 0 && print(io, inner.calls, '\t', inner.total_ns, '\t', full, '\n')
        report(io, inner, full)
    end
end

"At exit: one write, so that the records of several processes do not mix."
function write_report(path)
    leave_all()
    text = IOBuffer()
    print(text, "harness-phases 1\n")
    for mine in PLACES
        root = mine.node
        while root.parent !== root
            root = root.parent
        end
        report(text, root, "")
    end
    open(io -> write(io, take!(text)), path, "a")
end

function __init__()
    path = get(ENV, "HARNESS_PHASES", "")
    (isempty(path) || ccall(:jl_generating_output, Cint, ()) != 0) && return
    nobody = Node()
    threads = isdefined(Threads, :maxthreadid) ? Threads.maxthreadid() : Threads.nthreads()
    append!(empty!(SLOTS), [Place(nothing, nobody) for _ in 1:threads])
    ON[] = true
    atexit(() -> write_report(path))
end

end
