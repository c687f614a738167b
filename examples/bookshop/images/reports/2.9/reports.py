"""Reports: how much was sold, as numbers, as a table and as a picture."""

import io

from flask import Flask, Response, jsonify

import bookshop

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

app = Flask(__name__)


def sales():
    rows = bookshop.query(
        """SELECT books.id, books.title, COUNT(orders.id) AS sold, COALESCE(SUM(orders.price_cents), 0) AS takings
             FROM books LEFT JOIN orders ON orders.book_id = books.id
            GROUP BY books.id, books.title ORDER BY books.id"""
    )
    return [{**row, "takings": int(row["takings"])} for row in rows]


@app.get("/healthz")
def healthz():
    bookshop.query("SELECT COUNT(*) FROM orders")
    return "ok\n"


@app.get("/api/reports/sales")
def numbers():
    return jsonify(currency=bookshop.setting("CURRENCY", "EUR"), sales=sales())


@app.get("/api/reports/sales.csv")
def table():
    # Only here: loading the library takes a second, and who wants the numbers should not wait for it.
    import pandas

    frame = pandas.DataFrame(sales())
    frame["share"] = (frame["takings"] / max(frame["takings"].sum(), 1)).round(3)
    return Response(frame.to_csv(index=False), mimetype="text/csv")


@app.get("/api/reports/sales.png")
def picture():
    from PIL import Image, ImageDraw, ImageFont

    rows = sales()
    most = max([1, *(row["sold"] for row in rows)])
    image = Image.new("RGB", (900, 40 * len(rows) + 20), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(FONT, 16)
    for number, row in enumerate(rows):
        top = 10 + 40 * number
        draw.text((10, top + 8), row["title"], fill="#1b2a35", font=font)
        draw.rectangle((400, top + 6, 400 + 400 * row["sold"] / most, top + 30), fill="#1f6f8b")
        draw.text((815, top + 8), str(row["sold"]), fill="#1b2a35", font=font)
    data = io.BytesIO()
    image.save(data, format="PNG")
    return Response(data.getvalue(), mimetype="image/png")
