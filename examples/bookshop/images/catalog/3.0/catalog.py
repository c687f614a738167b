"""The catalog: which books there are, how to find one, and what the shop says of itself."""

import json

from flask import Flask, jsonify, request

import bookshop

VERSION = "3.0.0"
CACHED_FOR = 30

app = Flask(__name__)


def books():
    """All books, from the cache while it is fresh."""
    cache = bookshop.cache()
    cached = cache.get("catalog:books:2")
    if cached:
        return json.loads(cached)
    rows = bookshop.query("SELECT id, title, author, price_cents AS priceCents FROM books ORDER BY id")
    cache.set("catalog:books:2", json.dumps(rows), ex=CACHED_FOR)
    return rows


def find(book):
    return next((row for row in books() if row["id"] == book), None)


@app.get("/healthz")
def healthz():
    bookshop.query("SELECT 1")
    bookshop.cache().ping()
    return "ok\n"


@app.get("/api/books")
def list_books():
    wanted = request.args.get("q", "").casefold()
    return jsonify([row for row in books() if wanted in f"{row['title']} {row['author']}".casefold()])


@app.get("/api/books/<int:book>")
def one_book(book):
    row = find(book)
    if row is None:
        return jsonify(error=f"there is no book {book}"), 404
    return jsonify(row)


@app.get("/api/books/<int:book>/recommendations")
def recommendations(book):
    """What goes well with a book. The shop sells on when the service that knows is away."""
    try:
        found = bookshop.fetch_json(
            bookshop.setting("RECOMMENDATIONS_HOST"),
            bookshop.setting("RECOMMENDATIONS_PORT"),
            f"/recommendations/{book}",
        )
    except OSError as error:
        app.logger.warning("no recommendations: %s", error)
        return jsonify([])
    return jsonify([row for row in map(find, found) if row])


@app.get("/api/about")
def about():
    return jsonify(
        version=VERSION,
        greeting=bookshop.setting("GREETING", ""),
        currency=bookshop.setting("CURRENCY", "EUR"),
        freeShippingFrom=int(bookshop.setting("FREE_SHIPPING_FROM", "0")),
    )


@app.get("/api/about/version")
def version():
    return VERSION, 200, {"Content-Type": "text/plain"}


@app.get("/api/about/greeting")
def greeting():
    return bookshop.setting("GREETING", ""), 200, {"Content-Type": "text/plain; charset=utf-8"}
