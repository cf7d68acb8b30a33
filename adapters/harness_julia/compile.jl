# Loads packages by name, so that Julia compiles them into its cache before anything is timed. What
# cannot be loaded is left to the program, which will say why.

for name in ARGS
    try
        Base.require(Main, Symbol(name))
    catch
    end
end
