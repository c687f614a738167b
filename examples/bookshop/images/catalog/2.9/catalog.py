"""The catalog: which books there are, and what the shop says of itself."""

import json

from flask import Flask, jsonify

import bookshop

VERSION = "2.9.0"
CACHED_FOR = 30

app = Flask(__name__)


def books():
    """All books, from the cache while it is fresh."""
    cache = bookshop.cache()
    cached = cache.get("catalog:books:1")
    if cached:
        return json.loads(cached)
    rows = bookshop.query("SELECT id, title, author, price_cents AS priceCents FROM books ORDER BY id")
    cache.set("catalog:books:1", json.dumps(rows), ex=CACHED_FOR)
    return rows


@app.get("/healthz")
def healthz():
    bookshop.query("SELECT 1")
    bookshop.cache().ping()
    return "ok\n"


@app.get("/api/books")
def list_books():
    return jsonify(books())


@app.get("/api/books/<int:book>")
def one_book(book):
    for row in books():
        if row["id"] == book:
            return jsonify(row)
    return jsonify(error=f"there is no book {book}"), 404


@app.get("/api/about")
def about():
    return jsonify(
        version=VERSION,
        greeting=bookshop.setting("GREETING", ""),
        currency=bookshop.setting("CURRENCY", "EUR"),
    )


@app.get("/api/about/version")
def version():
    return VERSION, 200, {"Content-Type": "text/plain"}


@app.get("/api/about/greeting")
def greeting():
    return bookshop.setting("GREETING", ""), 200, {"Content-Type": "text/plain; charset=utf-8"}
