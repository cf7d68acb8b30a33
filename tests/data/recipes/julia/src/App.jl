module App
work(n) = sum(0:n-1)
end
