"""Recommendations: what customers who bought a book bought too."""

from flask import Flask, jsonify

import bookshop

app = Flask(__name__)


@app.get("/healthz")
def healthz():
    bookshop.query("SELECT COUNT(*) FROM orders")
    return "ok\n"


@app.get("/recommendations/<int:book>")
def recommended(book):
    rows = bookshop.query(
        """SELECT other.book_id AS id, COUNT(*) AS together
             FROM orders mine JOIN orders other ON other.customer = mine.customer AND other.book_id <> mine.book_id
            WHERE mine.book_id = %s GROUP BY other.book_id ORDER BY together DESC, id LIMIT 3""",
        (book,),
    )
    return jsonify([row["id"] for row in rows])
