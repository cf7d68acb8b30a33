"""Figures of random orders, one a line: report.py NUMBER SEED."""

import sys


# [draw]
def draw(n, seed):
    state, orders = seed * 2654435761 + 12345 & 0xFFFFFFFFFFFFFFFF, []
    for _ in range(n):
        state = state * 6364136223846793005 + 1442695040888963407 & 0xFFFFFFFFFFFFFFFF
        orders.append({"customer": state >> 52, "amount": (state >> 30) % 10000})
    return orders


# [customers]
def customers(orders):
    seen = []
    for order in orders:
        if order["customer"] not in seen:
            seen.append(order["customer"])
    return len(seen)


# [largest]
def largest(orders):
    amounts = [order["amount"] for order in orders]
    top = []
    for _ in range(40):
        best = max(amounts)
        amounts.remove(best)
        top.append(best)
    return sum(top)


# [digest]
def digest(orders):
    total = 0
    for order in orders:
        for digit in f"{order['amount']:08}":
            total = (total * 7 + int(digit)) % 999983
    return total


# [average]
def average(orders):
    total = 0
    for order in orders:
        total = total + order["amount"]
    return total // len(orders)


# [main]
def main():
    n, seed = int(sys.argv[1]), int(sys.argv[2])
    orders = draw(n, seed)
    print("customers", customers(orders))
    print("largest", largest(orders))
    print("digest", digest(orders))
    print("average", average(orders))


main()
