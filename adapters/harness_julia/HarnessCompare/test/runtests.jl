using HarnessCompare
using Test

const FOLDER = mktempdir()
named(name) = joinpath(FOLDER, name)

@testset "both are called in turns, and the file says so" begin
    x = collect(1.0:1000.0)
    made = @compare sum($x) foldl(+, $x) file = named("a.json") blocks = 20 batch = 4
    @test length(made.blocks) == 20
    @test all(block -> sort([first(s) for s in block]) == [1, 2], made.blocks)
    @test length(unique(first(first(block)) for block in made.blocks)) == 2 # a random order
    @test [side.name for side in made.sides] == ["sum(x)", "foldl(+, x)"]
    @test all(side -> side.batch in (1, 2, 4) && side.allocations == 0, made.sides)
    text = read(named("a.json"), String)
    @test occursin("\"harness_blocks\": 1", text)
    @test length(collect(eachmatch(r"\[0, ", text))) == 20
end

@testset "each side has its own copy of what a setup makes" begin
    made = @compare sort!(y) sort!(y; rev = true) setup = (y = [3, 1, 2]) batch = 1 blocks = 3 file =
        named("b.json")
    @test length(made.blocks) == 3
    seen = Int[]
    @compare push!($seen, length(push!(y, 1))) identity(1) setup = (y = Int[]) batch = 1 blocks = 2 file =
        named("c.json")
    @test all(==(1), seen)
end

@testset "allocations are counted" begin
    made = @compare zeros($100) identity($1) blocks = 1 file = named("d.json") gc = :off
    @test made.sides[1].allocations >= 1
    @test made.sides[1].bytes >= 800
    @test made.sides[2].allocations == 0
end

@testset "the same seed gives the same order" begin
    order() = [first(first(block)) for block in
               (@compare identity($1) abs($1) blocks = 12 batch = 1 seed = 7 file = named("e.json")).blocks]
    @test order() == order()
end

@testset "what makes no sense is refused" begin
    @test_throws ArgumentError @compare identity($1) abs($1) gc = :sometimes
    @test_throws ArgumentError @compare identity($1) abs($1) budget = -1
    @test_throws ArgumentError @compare identity($1) abs($1) budget = "2s"
    @test_throws Exception @eval @compare identity(1) abs(1) budgt = 1
    @test_throws Exception @eval @compare identity(1) abs(1) 5
end

@testset "names are texts of JSON" begin
    @test HarnessCompare.quoted("a\"\\\n") == "\"a\\u0022\\u005c\\u000a\""
end
