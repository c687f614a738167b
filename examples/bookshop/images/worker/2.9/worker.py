"""Takes orders from the queue and records them in the database: each at least once, and in effect once."""

import json
import pathlib
import signal
import sys
import time

import pymysql
import redis

import bookshop

ALIVE = pathlib.Path("/tmp/worker.alive")


def record(order):
    """Writes an order down. One that a killed worker had recorded already is left as it is."""
    bookshop.query(
        "INSERT IGNORE INTO orders (id, book_id, customer, price_cents, details) VALUES (%s, %s, %s, %s, %s)",
        (order["id"], order["book"], order["customer"], order["priceCents"], json.dumps(order.get("details", {}))),
    )


def work(queue):
    # What was taken but not finished by a worker that died goes back first.
    while queue.lmove(bookshop.TAKEN, bookshop.QUEUE, "RIGHT", "RIGHT"):
        pass
    while True:
        ALIVE.touch()
        message = queue.blmove(bookshop.QUEUE, bookshop.TAKEN, 2, "RIGHT", "LEFT")
        if message is None:
            continue
        order = json.loads(message)
        record(order)
        queue.lrem(bookshop.TAKEN, 1, message)
        print(f"recorded order {order['id']}: book {order['book']} for {order['customer']}")


def main():
    # As the first process of a container it gets no default handling of signals.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        try:
            work(bookshop.cache())
        except (redis.RedisError, pymysql.MySQLError) as error:
            print(f"not now: {error}; trying again in a second")
            time.sleep(1)


if __name__ == "__main__":
    main()
