// pg-boss: node boss.mjs SOCKET_FOLDER DATABASE default|tuned JOBS [RATE]
import * as boss from "pg-boss";
import { steadily, told } from "./steady.mjs";

const PgBoss = boss.PgBoss ?? boss.default;
const [host, database, setting, count, rate] = process.argv.slice(2);
const jobs = Number(count);
const tuned = setting === "tuned";
const queue = new PgBoss({ host, database, user: "postgres", max: 10 });
queue.on("error", (error) => console.error(error));
await queue.start();
await queue.createQueue("nothing");

const began = performance.now();
for (let from = 0; from < jobs && !rate; from += 1000) {
  const some = Array.from({ length: Math.min(1000, jobs - from) }, () => ({ name: "nothing", data: {} }));
  // Its first argument was the list alone up to version 10.
  await (queue.insert.length > 1 ? queue.insert("nothing", some) : queue.insert(some));
}
const accepted = performance.now();

// By its own calls, one at a time, or batches of 100 on 8 loops. Its `work` takes one job every
// two seconds as it comes, which is a choice for quiet queues and no figure to compare.
let left = jobs;
const times = [];
const adding = rate && steadily(jobs, Number(rate), (at) => queue.send("nothing", { at }));
const loop = async (batchSize) => {
  while (left > 0) {
    const some = await queue.fetch("nothing", { batchSize });
    if (!some || some.length === 0) continue;
    for (const job of some) if (job.data?.at) times.push(performance.now() - job.data.at);
    await queue.complete("nothing", some.map((job) => job.id));
    left -= some.length;
  }
};
await Promise.all(Array.from({ length: tuned ? 8 : 1 }, () => loop(tuned ? 100 : 1)));
const done = performance.now();
await adding;
console.log(JSON.stringify({ accepted_s: (accepted - began) / 1e3, done_s: (done - accepted) / 1e3, ...told(times) }));
process.exit(0);
