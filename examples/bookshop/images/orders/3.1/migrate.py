"""Brings the database's schema to what this release needs. Safe to run again, and by two at once."""

import bookshop

# Additions only: the release before must be able to work with the schema, since a rollback keeps the data.
MIGRATIONS = [
    ("001-books", [
        """CREATE TABLE IF NOT EXISTS books (
             id INT PRIMARY KEY, title VARCHAR(200) NOT NULL, author VARCHAR(200) NOT NULL, price_cents INT NOT NULL
           ) ENGINE=InnoDB""",
        """INSERT IGNORE INTO books VALUES
             (1, 'The Voyage of the Beagle', 'Charles Darwin', 1890),
             (2, 'Moby-Dick', 'Herman Melville', 1450),
             (3, 'Two Years Before the Mast', 'Richard Henry Dana', 1290),
             (4, 'Twenty Thousand Leagues Under the Seas', 'Jules Verne', 1590),
             (5, 'Typhoon', 'Joseph Conrad', 990)""",
    ]),
    ("002-orders", [
        """CREATE TABLE IF NOT EXISTS orders (
             id CHAR(32) PRIMARY KEY, book_id INT NOT NULL, customer VARCHAR(200) NOT NULL, price_cents INT NOT NULL,
             details JSON NOT NULL, recorded_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
           ) ENGINE=InnoDB""",
    ]),
    ("003-orders-by-customer", [
        "CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer, recorded_at)",
    ]),
]


def main():
    connection = bookshop.database()
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('bookshop-migrate', 60) AS held")
        if cursor.fetchone()["held"] != 1:
            raise SystemExit("another migration has been running for a minute; try again when it has ended")
        cursor.execute("CREATE TABLE IF NOT EXISTS schema_migrations (name VARCHAR(100) PRIMARY KEY) ENGINE=InnoDB")
        cursor.execute("SELECT name FROM schema_migrations")
        done = {row["name"] for row in cursor.fetchall()}
        for name, statements in MIGRATIONS:
            if name in done:
                print(f"{name}: done before")
                continue
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("INSERT INTO schema_migrations VALUES (%s)", (name,))
            print(f"{name}: done")
    connection.close()


if __name__ == "__main__":
    main()
