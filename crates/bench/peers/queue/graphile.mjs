// graphile-worker: node graphile.mjs SOCKET_FOLDER DATABASE default|tuned JOBS [RATE]
import { Logger, run, runMigrations } from "graphile-worker";
import pg from "pg";
import { steadily, told } from "./steady.mjs";

const [host, database, setting, count, rate] = process.argv.slice(2);
const jobs = Number(count);
const tuned = setting === "tuned";
const pool = new pg.Pool({ host, database, user: "postgres", max: tuned ? 30 : 10 });
const logger = new Logger(() => () => {});
await runMigrations({ pgPool: pool, logger });

const began = performance.now();
for (let from = 0; from < jobs && !rate; from += 1000) {
  const some = Math.min(1000, jobs - from);
  await pool.query(
    "SELECT graphile_worker.add_jobs(array(SELECT json_populate_record(NULL::graphile_worker.job_spec,"
      + " json_build_object('identifier', 'nothing', 'payload', '{}'::json))"
      + " FROM generate_series(1, $1::int)))",
    [some],
  );
}
const accepted = performance.now();

let left = jobs;
const times = [];
let ended;
const all = new Promise((resolve) => (ended = resolve));
const preset = tuned
  ? {
      worker: {
        concurrentJobs: 24,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    }
  : {};
const runner = await run({
  preset,
  pgPool: pool,
  logger,
  noHandleSignals: true,
  taskList: {
    nothing: async ({ at }) => {
      if (at) times.push(performance.now() - at);
      if (--left === 0) ended();
    },
  },
});
if (rate) {
  const add = "SELECT graphile_worker.add_job('nothing', json_build_object('at', $1::float8))";
  await steadily(jobs, Number(rate), (at) => pool.query({ name: "add", text: add, values: [at] }));
}
await all;
// Until the last is gone from the table.
for (;;) {
  const { rows } = await pool.query("SELECT count(*)::int AS n FROM graphile_worker._private_jobs");
  if (rows[0].n === 0) break;
}
const done = performance.now();
console.log(JSON.stringify({ accepted_s: (accepted - began) / 1e3, done_s: (done - accepted) / 1e3, ...told(times) }));
await runner.stop();
process.exit(0);
