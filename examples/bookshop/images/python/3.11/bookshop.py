"""What the Bookshop's services share: settings, the database, the cache, the queue."""

import json
import os
import urllib.request

import pymysql
import redis

QUEUE = "orders:queue"
TAKEN = "orders:taken"


def setting(name, default=None):
    """A setting from the environment. One that has no default and is missing ends the service."""
    value = os.environ.get(name, default)
    if value is None:
        raise SystemExit(f"{name} is not set; this service cannot start without it")
    return value


def database():
    """A new connection. Services open one per request: simple, and it heals after a restart of the database."""
    return pymysql.connect(
        host=setting("DB_HOST"),
        port=int(setting("DB_PORT", "3306")),
        user=setting("DB_USER"),
        password=setting("DB_PASSWORD"),
        database=setting("DB_NAME"),
        charset="utf8mb4",
        connect_timeout=3,
        read_timeout=10,
        write_timeout=10,
        autocommit=True,
        cursorclass=pymysql.cursors.DictCursor,
    )


def query(sql, arguments=()):
    """The rows that a statement gives."""
    connection = database()
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, arguments)
            return list(cursor.fetchall())
    finally:
        connection.close()


def cache():
    """A client of Redis, which is both the cache and the queue."""
    return redis.Redis(
        host=setting("CACHE_HOST"),
        port=int(setting("CACHE_PORT", "6379")),
        password=setting("CACHE_PASSWORD"),
        socket_connect_timeout=3,
        socket_timeout=10,
        decode_responses=True,
    )


def fetch_json(host, port, path, timeout=3):
    """A JSON document from another service."""
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=timeout) as response:
        return json.load(response)
