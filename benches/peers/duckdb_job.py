"""The same job in DuckDB, from plain CSV files to plain CSV files.

Tried and slower: reading the wide events twice (the columns of a pair first, the events of new pairs at the end),
one GROUP BY over history and sightings instead of the join, and a second join instead of the table of merged pairs.
"""

import sys

import duckdb

events, history, now, merged, new_events = sys.argv[1:]
threshold = (int(now) - 70 * 60) // 60 * 60
HISTORY = {"bucket_name": "VARCHAR", "remote_ip": "VARCHAR", "firstTime": "BIGINT", "lastTime": "BIGINT"}


def read(path, columns):
    """A scan without the pass that guesses the dialect and the types."""
    return f"""read_csv('{path}', columns={columns}, auto_detect=false, header=true, strict_mode=false,
                        delim=',', quote='"', escape='"')"""


with open(events, encoding="utf-8") as file:
    columns = dict.fromkeys(file.readline().rstrip("\n").split(","), "VARCHAR") | {"_time": "BIGINT"}

database = duckdb.connect()
database.execute("SET preserve_insertion_order = false")
database.execute(f"""
    CREATE TEMP TABLE events AS
    SELECT * FROM {read(events, columns)}
    WHERE http_status = '304' OR (length(http_status) = 3 AND http_status LIKE '2%')""")
database.execute("""
    CREATE TEMP TABLE sightings AS
    SELECT bucket_name, remote_ip, min(_time) AS firstTime, max(_time) AS lastTime
    FROM events GROUP BY ALL""")
database.execute(f"""
    CREATE TEMP TABLE merged AS
    SELECT coalesce(h.bucket_name, s.bucket_name) AS bucket_name,
           coalesce(h.remote_ip, s.remote_ip) AS remote_ip,
           least(h.firstTime, s.firstTime) AS firstTime,
           greatest(h.lastTime, s.lastTime) AS lastTime
    FROM {read(history, HISTORY)} h FULL JOIN sightings s
    ON h.bucket_name = s.bucket_name AND h.remote_ip = s.remote_ip""")
database.execute(f"COPY merged TO '{merged}' (HEADER)")
database.execute(f"""
    COPY (SELECT events.*, firstTime, lastTime, 1 AS newIP
          FROM events JOIN (FROM merged WHERE firstTime >= {threshold}) USING (bucket_name, remote_ip))
    TO '{new_events}' (HEADER)""")
