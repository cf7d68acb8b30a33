# Names the leaves of a BenchmarkTools suite, or runs one of them:
#     julia suite.jl FILE [NAME SECONDS RESULT]
using BenchmarkTools

include(abspath(ARGS[1]))

name_of(keys) = join(string.(keys), "/")

if length(ARGS) == 1
    for (keys, _) in BenchmarkTools.leaves(SUITE)
        println(name_of(keys))
    end
else
    name, seconds, result = ARGS[2], parse(Float64, ARGS[3]), ARGS[4]
    found = [b for (keys, b) in BenchmarkTools.leaves(SUITE) if name_of(keys) == name]
    length(found) == 1 || error("the suite has $(length(found)) benchmarks named $name")
    tune!(found[1])
    trial = run(found[1]; seconds = seconds)
    open(result, "w") do out
        times = join(trial.times, ",")
        print(out, "{\"times\": [", times, "], \"evals\": ", trial.params.evals, "}")
    end
end
