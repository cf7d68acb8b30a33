from app._work import work

print(work(9000000))
