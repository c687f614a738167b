"""Orders: takes them over HTTP, hands them to the worker over the queue, says what became of them."""

import json
import urllib.error
import uuid

from flask import Flask, jsonify, request

import bookshop

app = Flask(__name__)


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
        "priceCents": book["priceCents"],
        "details": {},
    }
    bookshop.cache().lpush(bookshop.QUEUE, json.dumps(order))
    return jsonify(id=order["id"], state="queued"), 202


@app.get("/api/orders/<order>")
def show(order):
    rows = bookshop.query(
        "SELECT id, book_id AS book, customer, price_cents AS priceCents FROM orders WHERE id = %s", (order,)
    )
    if not rows:
        return jsonify(error=f"order {order} is not recorded (yet)"), 404
    return jsonify(state="recorded", **rows[0])
