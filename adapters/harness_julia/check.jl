# Parses files and says `file:line: error` for the first statement that does not parse.

const BLANK = r"\A(?:\s+|#=.*?=#|#(?!=)[^\n]*)*"s

"The line on which the statement begins that is read from a position on."
function line_of(text, position)
    blank = match(BLANK, SubString(text, position)).match
    return 1 + count(==(UInt8('\n')), codeunits(text)[1:position-1+ncodeunits(blank)])
end

is_error(statement) = statement isa Expr && statement.head in (:error, :incomplete)

"The line and the parser's words for the first statement that does not parse, or nothing."
function first_error(text)
    position = 1
    while position <= ncodeunits(text)
        statement, next = Meta.parse(text, position; raise = false)
        if is_error(statement)
            reason = isempty(statement.args) ? "syntax error" : statement.args[1]
            return line_of(text, position), reason
        end
        next > position || return nothing
        position = next
    end
    return nothing
end

for path in ARGS
    found = first_error(read(path, String))
    found === nothing && continue
    line, reason = found
    words = reason isa Exception ? sprint(showerror, reason) : string(reason)
    println(stderr, path, ":", line, ": ", words)
    exit(1)
end
