"""The acceptance test: buys a book as a customer would, and waits until the order is recorded."""

import json
import os
import sys
import time
import urllib.error
import urllib.request

SHOP = f"http://{os.environ['WEB_HOST']}:{os.environ['WEB_PORT']}"
PATIENCE = float(os.environ.get("PATIENCE", "30"))


def call(path, body=None):
    request = urllib.request.Request(
        SHOP + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def main():
    books = call("/api/books")
    if not books:
        sys.exit("the shop has no books")
    order = call("/api/orders", {"book": books[0]["id"], "customer": "acceptance test"})["id"]
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            recorded = call(f"/api/orders/{order}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            time.sleep(0.2)
            continue
        print(f"bought {books[0]['title']!r} from {call('/api/about')['version']}: order {order} is {recorded['state']}")
        return
    sys.exit(f"order {order} was taken but not recorded within {PATIENCE:.0f} s")


if __name__ == "__main__":
    main()
