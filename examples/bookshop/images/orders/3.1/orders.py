"""Orders: takes them over HTTP, hands them to the worker over the queue, says what became of them."""

import json
import urllib.error
import uuid

from flask import Flask, jsonify, request

import bookshop

app = Flask(__name__)

# The mistake that makes this release a broken one: no template of it ever sets the address, so the service ends here.
PAYMENTS = bookshop.setting("PAYMENTS_URL")


@app.get("/healthz")
def healthz():
    bookshop.query("SELECT COUNT(*) FROM orders")
    bookshop.cache().ping()
    return "ok\n"


@app.post("/api/orders")
def place():
    wish = request.get_json(silent=True) or {}
    if not isinstance(wish.get("book"), int) or not wish.get("customer"):
        return jsonify(error="an order needs a book (its number) and a customer"), 400
    quantity = wish.get("quantity", 1)
    if not isinstance(quantity, int) or not 1 <= quantity <= 100:
        return jsonify(error="the quantity is a number from 1 to 100"), 400
    try:
        book = bookshop.fetch_json(
            bookshop.setting("CATALOG_HOST"), bookshop.setting("CATALOG_PORT"), f"/api/books/{wish['book']}"
        )
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return jsonify(error=f"there is no book {wish['book']}"), 404
    order = {
        "id": uuid.uuid4().hex,
        "book": book["id"],
        "customer": str(wish["customer"]),
        "priceCents": book["priceCents"] * quantity,
        "details": {"quantity": quantity},
    }
    bookshop.cache().lpush(bookshop.QUEUE, json.dumps(order))
    return jsonify(id=order["id"], state="queued"), 202


COLUMNS = "id, book_id AS book, customer, price_cents AS priceCents, details"


def described(row):
    """An order as the API gives it. Those of the releases before have no quantity in their details: it was one."""
    details = json.loads(row.pop("details"))
    return {"state": "recorded", "quantity": details.get("quantity", 1), **row}


@app.get("/api/orders")
def of_customer():
    customer = request.args.get("customer", "")
    rows = bookshop.query(f"SELECT {COLUMNS} FROM orders WHERE customer = %s ORDER BY recorded_at", (customer,))
    return jsonify([described(row) for row in rows])


@app.get("/api/orders/<order>")
def show(order):
    rows = bookshop.query(f"SELECT {COLUMNS} FROM orders WHERE id = %s", (order,))
    if not rows:
        return jsonify(error=f"order {order} is not recorded (yet)"), 404
    return jsonify(described(rows[0]))
