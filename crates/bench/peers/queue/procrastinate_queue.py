"""procrastinate: python procrastinate_queue.py SOCKET_FOLDER DATABASE default|tuned JOBS"""

import asyncio
import json
import sys
import time

import procrastinate

host, database, setting, count = sys.argv[1:5]
jobs = int(count)
app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(
        kwargs={"host": host, "dbname": database, "user": "postgres"}
    )
)


@app.task(name="nothing")
async def nothing():
    pass


async def main():
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        for start in range(0, jobs, 1000):
            some = min(1000, jobs - start)
            await nothing.batch_defer_async(*({} for _ in range(some)))
        accepted = time.perf_counter()
        concurrency = 40 if setting == "tuned" else 1
        # Ends by itself when nothing is left.
        await app.run_worker_async(wait=False, concurrency=concurrency, install_signal_handlers=False)
        done = time.perf_counter()
    print(json.dumps({"accepted_s": accepted - began, "done_s": done - accepted}))


asyncio.run(main())
