// pg-boss: node boss.mjs SOCKET_FOLDER DATABASE default|tuned JOBS
import * as boss from "pg-boss";

const PgBoss = boss.PgBoss ?? boss.default;
const [host, database, setting, count] = process.argv.slice(2);
const jobs = Number(count);
const tuned = setting === "tuned";
const queue = new PgBoss({ host, database, user: "postgres", max: 10 });
queue.on("error", (error) => console.error(error));
await queue.start();
await queue.createQueue("nothing");

const began = performance.now();
for (let from = 0; from < jobs; from += 1000) {
  const some = Array.from({ length: Math.min(1000, jobs - from) }, () => ({ name: "nothing", data: {} }));
  // Its first argument was the list alone up to version 10.
  await (queue.insert.length > 1 ? queue.insert("nothing", some) : queue.insert(some));
}
const accepted = performance.now();

let left = jobs;
if (tuned) {
  // As fast as its own calls allow: batches of 100 on 8 loops.
  const loop = async () => {
    while (left > 0) {
      const some = await queue.fetch("nothing", { batchSize: 100 });
      if (!some || some.length === 0) continue;
      await queue.complete("nothing", some.map((job) => job.id));
      left -= some.length;
    }
  };
  await Promise.all(Array.from({ length: 8 }, loop));
} else {
  await new Promise((resolve) => {
    queue.work("nothing", async (some) => {
      left -= some.length;
      if (left <= 0) resolve();
    });
  });
}
const done = performance.now();
console.log(JSON.stringify({ accepted_s: (accepted - began) / 1e3, done_s: (done - accepted) / 1e3 }));
process.exit(0);
